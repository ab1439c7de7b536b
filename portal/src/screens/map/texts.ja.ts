import type { en } from './texts.en';
export const ja: typeof en = {};
