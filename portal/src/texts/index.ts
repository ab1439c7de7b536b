import { en } from './en';
import { ja } from './ja';
import { useLang, type Lang } from './lang';

/** The same keys in every language; the type of the English one is the measure. */
export type Texts<T> = Record<Lang, T>;

/**
 * A screen's own texts. Each screen has `texts.en.ts` with `export const en = {…}` and `texts.ja.ts` with
 * `export const ja: typeof en = {…}`; they come with the screen's chunk. Texts with something in them are functions.
 */
export function texts<T>(all: Texts<T>): () => T {
  return () => all[useLang()];
}

/** The texts of the shell and the shared parts. */
export const useTexts = texts<typeof en>({ en, ja });

/** The same outside of components. */
export const textsIn = (lang: Lang): typeof en => ({ en, ja })[lang];
