import { createDarkTheme, createLightTheme, type BrandVariants, type Theme } from '@fluentui/react-components';

import { browser, keep, kept, store, useStore } from '../store';

/** The blue of the sign-in page, from the darkest to the lightest. */
const brand: BrandVariants = {
  10: '#020b16',
  20: '#071a2e',
  30: '#082947',
  40: '#08365f',
  50: '#084376',
  60: '#08508f',
  70: '#0a569e',
  80: '#0b5cad',
  90: '#2a6fbb',
  100: '#4684c8',
  110: '#6299d6',
  120: '#7cb0e6',
  130: '#97c5f3',
  140: '#b3d6f8',
  150: '#cfe5fb',
  160: '#e9f3fe',
};

const fonts = {
  fontFamilyBase:
    'system-ui, -apple-system, "Segoe UI", "Hiragino Sans", "Yu Gothic UI", "Noto Sans JP", "Noto Sans CJK JP", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, monospace',
};

export const light: Theme = {
  ...createLightTheme(brand),
  ...fonts,
  colorNeutralBackground2: '#f6f8fb',
  colorNeutralBackground3: '#eef2f7',
};

export const dark: Theme = {
  ...createDarkTheme(brand),
  ...fonts,
  // On dark ground the brand's text colours have to be lighter than its surfaces.
  colorBrandForeground1: brand[120],
  colorBrandForeground2: brand[130],
  colorBrandForegroundLink: brand[120],
  colorBrandForegroundLinkHover: brand[130],
  colorBrandForegroundLinkPressed: brand[110],
  colorNeutralForeground2BrandHover: brand[120],
  colorNeutralForeground2BrandPressed: brand[110],
  colorNeutralForeground2BrandSelected: brand[120],
  colorCompoundBrandForeground1: brand[120],
  colorCompoundBrandForeground1Hover: brand[130],
  colorCompoundBrandStroke: brand[110],
  colorNeutralBackground1: '#171d25',
  colorNeutralBackground1Hover: '#212a35',
  colorNeutralBackground1Pressed: '#10151b',
  colorNeutralBackground1Selected: '#26313d',
  colorNeutralBackground2: '#10151b',
  colorNeutralBackground3: '#0c1015',
  colorSubtleBackgroundHover: '#232d39',
  colorSubtleBackgroundPressed: '#1b232d',
  colorSubtleBackgroundSelected: '#232d39',
};

/** What somebody chose: the system's look, or one of the two. */
export type Look = 'system' | 'light' | 'dark';

const LOOK = 'tierline.look';

function first(): Look {
  const look = kept(browser, LOOK);
  return look === 'light' || look === 'dark' ? look : 'system';
}

export const look = store<Look>(first());

/** Chooses a look, for the next visit too. */
export function choose(next: Look): void {
  keep(browser, LOOK, next === 'system' ? null : next);
  look.set(next);
}

const prefersDark = window.matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = store(prefersDark.matches);
prefersDark.addEventListener('change', () => systemIsDark.set(prefersDark.matches));

/** Whether what is shown is dark. */
export function useIsDark(): boolean {
  const chosen = useStore(look);
  const system = useStore(systemIsDark);
  return chosen === 'system' ? system : chosen === 'dark';
}

/** The theme that is shown. */
export function useTheme(): Theme {
  return useIsDark() ? dark : light;
}
