import { Money } from './Money';

/** An amount as the server writes it, such as `USD -57.00`: whatever else it says is shown as it is. */
export function Amount(props: { of: string; exact?: boolean }) {
  const found = /^([A-Z]{3}) (-?\d+(?:\.\d+)?)$/.exec(props.of);
  const [, currency, amount] = found ?? [];
  if (currency === undefined || amount === undefined) return <>{props.of}</>;
  return <Money currency={currency} amount={amount} {...(props.exact === true ? { exact: true } : {})} />;
}

/** The currency of an amount as the server writes it. */
export const currencyOf = (amount: string): string => amount.slice(0, 3);

/** An amount in the smallest steps of its text, to compare and to draw with; amounts of one currency have the same steps. */
export const stepsOf = (amount: string): bigint => BigInt(amount.slice(4).replace('.', ''));
