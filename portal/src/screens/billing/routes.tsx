import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'billing',
  pages: [
    { path: '', load: () => import('./BillingPage') },
    { path: 'invoices/$id', load: () => import('./InvoicePage') },
    { path: 'invoices/$id/$line', load: () => import('./LinePage') },
  ],
};
