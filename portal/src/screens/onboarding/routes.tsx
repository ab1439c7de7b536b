import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'onboarding',
  roles: ['indirect_provider', 'indirect_reseller', 'direct_bill', 'advisor'],
  pages: [{ path: '', load: () => import('./OnboardingPage') }],
};
