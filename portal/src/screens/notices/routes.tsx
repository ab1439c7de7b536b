import { queries } from '../../api/queries';
import type { Screen } from '../screen';
import { boxOf, noticesQuery } from './queries';

export const screen: Screen = {
  id: 'notices',
  pages: [
    {
      path: '',
      load: () => import('./NoticesPage'),
      ask: (me, search) =>
        queries.infiniteQuery(noticesQuery(me.role === 'operator' ? 'sent' : boxOf(search.box ?? ''))),
    },
  ],
};
