import type { Screen } from '../screen';

export const screen: Screen = {
  id: 'subscriptions',
  pages: [
    { path: '', load: () => import('./SubscriptionList') },
    { path: '$id', load: () => import('./SubscriptionPage') },
  ],
};
