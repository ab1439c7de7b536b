import type { ActView } from '../api/shapes';
import type { ScreenId } from '../screens/ids';

/**
 * Where in the portal a command is given: the screen, and what it opens with. A screen that takes commands adds its verbs here;
 * remedies then lead there. The parameters go along as `?do=VERB&…`, which `useProposed` reads.
 */
const PLACES: Record<string, ScreenId> = {
  order: 'deal',
  create_cart: 'deal',
  checkout_cart: 'deal',
  request_order: 'deal',
  invite_customer: 'deal',
  administer: 'deal',
  answer_order_request: 'catalogue',
  decide_verification: 'operator',
  record_affiliation: 'operator',
  grant_waiver: 'operator',
  end_waiver: 'operator',
  open_ticket: 'support',
  update_ticket: 'support',
  answer_ticket: 'support',
  send_notice: 'notices',
  offer_support: 'notices',
  report_fraud: 'security',
  update_fraud_events: 'security',
  advance: 'time',
  create_customer: 'customers',
  attest: 'customers',
  remove_relationship: 'customers',
  request_admin: 'customers',
  create_directory_user: 'customers',
  assign_licences: 'customers',
  set_support_contact: 'customers',
  accept_relationship: 'customers',
  decline_relationship: 'customers',
  accept_customer_agreement: 'customers',
  approve_admin: 'customers',
  update_billing_profile: 'customers',
  change_quantity: 'subscriptions',
  cancel: 'subscriptions',
  suspend: 'subscriptions',
  reactivate: 'subscriptions',
  set_renewal: 'subscriptions',
  schedule_change: 'subscriptions',
  upgrade: 'subscriptions',
  convert_trial: 'subscriptions',
  create_transfer: 'subscriptions',
  apply: 'onboarding',
  sign_agreement: 'onboarding',
  associate_location: 'onboarding',
  add_location: 'onboarding',
  invite_partner: 'onboarding',
  accept_partnership: 'onboarding',
  decline_partnership: 'onboarding',
  remove_partnership: 'onboarding',
};

/** The screen of a command; none where no screen takes it yet. */
export function placeOf(act: ActView): { screen: ScreenId; to: string } | null {
  const screen = PLACES[act.verb];
  if (screen === undefined) return null;
  const query = new URLSearchParams({ do: act.verb, as: act.as });
  for (const [name, value] of Object.entries(act.params)) {
    query.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return { screen, to: `/${screen}?${query}` };
}

/** A text that `tierline do` reads as a list, a number or a word of its own unless it is told otherwise. */
const looksOtherwise = /,|^[+-]?\d+$|^(?:true|false)$/;

/** A parameter as `tierline do` reads it: `name=value`, or `name:=JSON` for what is more than that. */
function written(name: string, value: unknown): string {
  const isPlain = typeof value === 'string' ? !looksOtherwise.test(value) : typeof value !== 'object';
  return isPlain ? `${name}=${String(value)}` : `${name}:=${JSON.stringify(value)}`;
}

/** A word of a shell's line, quoted where it has to be. */
const quoted = (word: string): string =>
  /^[\p{L}\p{N}_.,:/@+=%-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** A command in one line, as it is pasted into a shell. */
export function lineOf(act: ActView): string {
  const params = Object.entries(act.params).map(([name, value]) => written(name, value));
  return ['tierline', 'do', act.verb, '--as', act.as, ...params].map(quoted).join(' ');
}
