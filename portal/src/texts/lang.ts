import { browser, keep, kept, store, useStore } from '../store';

/** The languages of the portal. */
export type Lang = 'en' | 'ja';

const LANG = 'tierline.language';

function first(): Lang {
  const chosen = kept(browser, LANG) ?? window.navigator.language;
  return chosen.startsWith('ja') ? 'ja' : 'en';
}

export const lang = store<Lang>(first());

const tell = () => {
  document.documentElement.lang = lang.get();
};
lang.subscribe(tell);
tell();

/** Chooses a language, for the next visit too. */
export function speak(next: Lang): void {
  keep(browser, LANG, next);
  lang.set(next);
}

export const useLang = (): Lang => useStore(lang);

/** The locale that the server, dates and amounts are asked for in. */
export const localeOf = (of: Lang): string => (of === 'ja' ? 'ja-JP' : 'en-GB');
