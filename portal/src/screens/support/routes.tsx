import { queries } from '../../api/queries';
import type { Screen } from '../screen';
import { requestsQuery } from './queries';

export const screen: Screen = {
  id: 'support',
  roles: ['operator', 'indirect_provider', 'indirect_reseller', 'direct_bill', 'advisor'],
  pages: [
    {
      path: '',
      load: () => import('./SupportPage'),
      ask: (_, search) => queries.infiniteQuery(requestsQuery(search.status ?? '')),
    },
    { path: '$id', load: () => import('./RequestPage') },
  ],
};
