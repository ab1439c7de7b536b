import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'deal',
  roles: ['operator', 'indirect_provider', 'indirect_reseller', 'direct_bill'],
  pages: [],
};
