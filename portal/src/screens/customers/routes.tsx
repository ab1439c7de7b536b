import { queries } from '../../api/queries';
import type { Screen } from '../screen';
import { listed } from './queries';

export const screen: Screen = {
  id: 'customers',
  pages: [
    {
      path: '',
      load: () => import('./CustomerList'),
      ask: async (me, search) => {
        if (me.role !== 'customer') await queries.infiniteQuery(listed(search));
      },
    },
    { path: '$id', load: () => import('./CustomerPage') },
  ],
};
