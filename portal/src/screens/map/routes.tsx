import { queries } from '../../api/queries';
import type { Screen } from '../screen';
import { mapQuery } from './queries';

export const screen: Screen = {
  id: 'map',
  pages: [{ path: '', load: () => import('./MapPage'), ask: () => queries.query(mapQuery) }],
};
