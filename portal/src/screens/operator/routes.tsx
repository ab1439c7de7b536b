import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'operator',
  roles: ['operator'],
  pages: [
    { path: '', load: () => import('./OperatorPage') },
    { path: 'enrolments/$partner', load: () => import('./EnrolmentPage') },
  ],
};
