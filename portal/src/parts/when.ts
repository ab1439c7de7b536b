/** Instants and days as people read them. The program's dates are UTC everywhere, so they are shown in it. */

export type Grain = 'day' | 'minute' | 'second';

/** An instant or a day (`2026-01-15`) by locale. */
export function when(at: string, locale: string, grain: Grain = 'minute'): string {
  const isDay = at.length === 10;
  const format = new Intl.DateTimeFormat(locale, {
    timeZone: 'UTC',
    dateStyle: 'medium',
    ...(isDay || grain === 'day' ? {} : { timeStyle: grain === 'second' ? 'medium' : 'short' }),
  });
  return format.format(new Date(isDay ? `${at}T00:00:00Z` : at));
}

/** How far one instant lies from another, in the largest unit that fits: “in 3 days”, “2 hours ago”. */
export function apart(at: string, from: string, locale: string): string {
  const seconds = Math.round((Date.parse(at) - Date.parse(from)) / 1000);
  const units: [Intl.RelativeTimeFormatUnit, number][] = [
    ['year', 31_557_600],
    ['month', 2_629_800],
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ];
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(Math.trunc(seconds / size), unit);
}
