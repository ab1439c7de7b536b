/** The screens of the portal, in the order of the navigation. Each has a folder of this name. */
export const SCREENS = [
  'home',
  'map',
  'deal',
  'customers',
  'onboarding',
  'catalogue',
  'subscriptions',
  'billing',
  'notices',
  'support',
  'security',
  'rules',
  'time',
  'developer',
  'operator',
] as const;

export type ScreenId = (typeof SCREENS)[number];

/** Who may be signed in, as `/program/v1/me` says. */
export const ROLES = [
  'operator',
  'indirect_provider',
  'indirect_reseller',
  'direct_bill',
  'advisor',
  'customer',
] as const;

export type Role = (typeof ROLES)[number];
