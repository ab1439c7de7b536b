import type { Answered } from '../../api/shapes';
import type { ScreenId } from '../ids';

export type Home = Answered<'/program/v1/home', 'get'>;
export type Matter = Home['items'][number];
type Kind = Matter['kind'];

interface Place {
  screen: ScreenId;
  /** Below the screen. */
  to?: string;
  /** Where one of them is. */
  one?: (id: string) => string;
  /** It waits for whoever looks; without it, somebody else is to act. */
  isOwn: boolean;
}

/** Where each kind is seen to, in the order in which it is shown. */
export const MATTERS: Record<Kind, Place> = {
  standing: { screen: 'onboarding', isOwn: true },
  agreement_to_sign: { screen: 'onboarding', isOwn: true },
  enrolment: { screen: 'onboarding', isOwn: true },
  invitations: { screen: 'onboarding', isOwn: true },
  customer_agreement: { screen: 'customers', to: '/customers?tab=agreement', isOwn: true },
  rights_to_approve: { screen: 'customers', isOwn: true },
  order_requests: { screen: 'catalogue', isOwn: true },
  transfers: { screen: 'subscriptions', isOwn: true },
  invoices_due: { screen: 'billing', isOwn: true },
  fraud_alerts: {
    screen: 'security',
    to: '/security?status=active',
    one: id => `/security/${id}`,
    isOwn: true,
  },
  notices: { screen: 'notices', to: '/notices?box=unread', isOwn: true },
  support_replies: {
    screen: 'support',
    to: '/support?status=attention_needed',
    one: id => `/support/${id}`,
    isOwn: true,
  },
  support_requests: { screen: 'support', to: '/support?status=open', one: id => `/support/${id}`, isOwn: true },
  enrolments: { screen: 'operator', isOwn: true },
  partnership_removals: { screen: 'operator', isOwn: true },
  qualifications: { screen: 'operator', isOwn: true },
  set_aside: { screen: 'time', isOwn: true },
  deliveries_parked: { screen: 'developer', isOwn: true },
  renewals: { screen: 'subscriptions', one: id => `/subscriptions/${id}`, isOwn: true },
  rights_ending: { screen: 'customers', isOwn: true },
  refusals: {
    screen: 'deal',
    to: '/deal/decisions?outcome=refused',
    one: id => `/deal/decisions/${id}`,
    isOwn: true,
  },
  invoices_contested: { screen: 'billing', isOwn: true },
  invoices_disputed: { screen: 'billing', isOwn: false },
  resellers_invited: { screen: 'onboarding', isOwn: false },
  customers_invited: { screen: 'customers', isOwn: false },
  order_requests_open: { screen: 'catalogue', isOwn: false },
};

/** Customers answer where they see their partners. */
const OF_CUSTOMERS: Partial<Record<Kind, Place>> = {
  invitations: { screen: 'customers', to: '/customers?tab=relationships', isOwn: true },
};

/** Where a kind is seen to by somebody of a role. */
export const placeFor = (kind: Kind, role: string): Place =>
  (role === 'customer' ? OF_CUSTOMERS[kind] : undefined) ?? MATTERS[kind];

export const ORDER = Object.keys(MATTERS) as Kind[];
