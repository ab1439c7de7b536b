import { localeOf, useLang } from '../texts/lang';
import { count, decimal, money } from './money';

/** An amount: a decimal text, or whole minor units. */
export function Money(
  props: { currency: string; exact?: boolean } & ({ amount: string } | { minor: bigint | number }),
) {
  const locale = localeOf(useLang());
  const amount = 'amount' in props ? props.amount : decimal(props.minor, props.currency);
  return <data value={amount}>{money(amount, props.currency, locale, props.exact)}</data>;
}

/** A count. */
export function Count(props: { of: number }) {
  const locale = localeOf(useLang());
  return <>{count(props.of, locale)}</>;
}
