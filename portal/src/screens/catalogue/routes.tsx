import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'catalogue',
  roles: ['operator', 'indirect_provider', 'indirect_reseller', 'direct_bill'],
  pages: [
    { path: '', load: () => import('./CataloguePage') },
    { path: 'products/$id', load: () => import('./ProductPage') },
  ],
};
