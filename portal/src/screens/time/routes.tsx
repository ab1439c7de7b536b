import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'time',
  sandboxOnly: true,
  pages: [{ path: '', load: () => import('./TimePage') }],
};
