import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'developer',
  roles: ['operator', 'indirect_provider', 'indirect_reseller', 'direct_bill', 'advisor'],
  pages: [
    { path: '', load: () => import('./DeveloperPage') },
    { path: 'requests/$id', load: () => import('./RequestPage') },
    { path: 'deliveries/$id', load: () => import('./DeliveryPage') },
  ],
};
