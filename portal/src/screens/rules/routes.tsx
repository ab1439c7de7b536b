import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'rules',
  pages: [
    { path: '', load: () => import('./RuleList') },
    { path: '$id', load: () => import('./RulePage') },
  ],
};
