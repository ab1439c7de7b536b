import { screen as billing } from './billing/routes';
import { screen as catalogue } from './catalogue/routes';
import { screen as customers } from './customers/routes';
import { screen as deal } from './deal/routes';
import { screen as developer } from './developer/routes';
import { screen as home } from './home/routes';
import type { ScreenId } from './ids';
import { screen as map } from './map/routes';
import { screen as notices } from './notices/routes';
import { screen as onboarding } from './onboarding/routes';
import { screen as operator } from './operator/routes';
import { screen as rules } from './rules/routes';
import type { Screen } from './screen';
import { screen as security } from './security/routes';
import { screen as subscriptions } from './subscriptions/routes';
import { screen as support } from './support/routes';
import { screen as time } from './time/routes';

/** Every screen, by name. */
export const screens: Record<ScreenId, Screen> = {
  home,
  map,
  deal,
  customers,
  onboarding,
  catalogue,
  subscriptions,
  billing,
  notices,
  support,
  security,
  rules,
  time,
  developer,
  operator,
};
