import { useCallback } from 'react';

import { texts } from '../../texts';
import { localeOf, useLang } from '../../texts/lang';
import { en } from './texts.en';
import { ja } from './texts.ja';

export const useWords = texts<typeof en>({ en, ja });

/** Names a month by its first day: `2025-12-01` is “December 2025”. */
export function useMonth(): (day: string) => string {
  const locale = localeOf(useLang());
  return useCallback(
    day =>
      new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short', timeZone: 'UTC' }).format(
        new Date(`${day.slice(0, 10)}T00:00:00Z`),
      ),
    [locale],
  );
}
