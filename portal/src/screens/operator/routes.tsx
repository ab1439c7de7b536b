import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'operator',
  roles: ['operator'],
  pages: [],
};
