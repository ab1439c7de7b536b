import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'home',
  pages: [{ path: '', load: () => import('./HomePage') }],
};
