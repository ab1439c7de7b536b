import { queries } from '../../api/queries';
import type { Screen } from '../screen';
import { alertsQuery, postureQuery } from './queries';

export const screen: Screen = {
  id: 'security',
  roles: ['operator', 'indirect_provider', 'indirect_reseller', 'direct_bill', 'advisor'],
  pages: [
    {
      path: '',
      load: () => import('./SecurityPage'),
      ask: (me, search) =>
        Promise.all([
          queries.infiniteQuery(alertsQuery(search.status ?? '')),
          me.role === 'operator' ? undefined : queries.query(postureQuery('')),
        ]),
    },
    { path: '$id', load: () => import('./AlertPage') },
  ],
};
