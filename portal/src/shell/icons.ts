import {
  BookRegular,
  BuildingRegular,
  CalendarClockRegular,
  CartRegular,
  ClipboardTaskRegular,
  CodeRegular,
  HandshakeRegular,
  HomeRegular,
  MailRegular,
  OrganizationRegular,
  PeopleRegular,
  PersonSupportRegular,
  ReceiptRegular,
  ShieldRegular,
  StackRegular,
  type FluentIcon,
} from '@fluentui/react-icons';

import type { ScreenId } from '../screens/ids';

/** The picture of each screen in the navigation. */
export const ICONS: Record<ScreenId, FluentIcon> = {
  home: HomeRegular,
  map: OrganizationRegular,
  deal: HandshakeRegular,
  customers: PeopleRegular,
  onboarding: ClipboardTaskRegular,
  catalogue: CartRegular,
  subscriptions: StackRegular,
  billing: ReceiptRegular,
  notices: MailRegular,
  support: PersonSupportRegular,
  security: ShieldRegular,
  rules: BookRegular,
  time: CalendarClockRegular,
  developer: CodeRegular,
  operator: BuildingRegular,
};
