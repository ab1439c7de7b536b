import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'deal',
  roles: ['operator', 'indirect_provider', 'indirect_reseller', 'direct_bill'],
  pages: [
    { path: '', load: () => import('./DealPage') },
    { path: 'decisions', load: () => import('./KeptList') },
    { path: 'decisions/$id', load: () => import('./KeptPage') },
  ],
};
