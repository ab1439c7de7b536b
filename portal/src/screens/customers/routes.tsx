import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'customers',
  pages: [
    { path: '', load: () => import('./CustomerList') },
    { path: '$id', load: () => import('./CustomerPage') },
  ],
};
