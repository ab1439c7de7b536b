/**
 * Amounts as people read them. They come as whole minor units or as decimal texts and are formatted as they are: never a float.
 */

type Decimal = `${number}`;

/** How many decimals a currency has. */
function decimalsOf(currency: string): number {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}

/** Minor units as a decimal text: 1999 of USD is `19.99`. */
export function decimal(minor: bigint | number, currency: string): string {
  const decimals = decimalsOf(currency);
  const whole = BigInt(minor);
  const digits = (whole < 0n ? -whole : whole).toString().padStart(decimals + 1, '0');
  const sign = whole < 0n ? '-' : '';
  if (decimals === 0) return `${sign}${digits}`;
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** A decimal text in a currency, by locale. Decimals beyond the currency's own stay where `exact` asks for them. */
export function money(amount: string, currency: string, locale: string, exact = false): string {
  const more = amount.split('.')[1]?.length ?? 0;
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    ...(exact ? { maximumFractionDigits: Math.max(more, decimalsOf(currency)) } : {}),
  });
  return format.format(amount as Decimal);
}

/** A count by locale. */
export function count(value: number, locale: string): string {
  return new Intl.NumberFormat(locale).format(value);
}
