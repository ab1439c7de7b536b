import { homeQuery, queries } from '../../api/queries';
import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'home',
  pages: [{ path: '', load: () => import('./HomePage'), ask: () => queries.query(homeQuery) }],
};
