import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'map',
  pages: [{ path: '', load: () => import('./MapPage') }],
};
