import { makeStyles, SearchBox, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';

import { localeOf, useLang } from '../texts/lang';
import { useTexts } from '../texts';
import { count } from './money';
import { PHONE } from './styles';

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalM },
  search: { flex: '1 1 16rem', maxWidth: '28rem' },
  // What can be chosen may be long; what is shown of it may not.
  filters: {
    display: 'flex',
    flexWrap: 'wrap',
    gap: tokens.spacingHorizontalM,
    minWidth: 0,
    maxWidth: '100%',
    '& > *': { minWidth: 0, maxWidth: 'min(16rem, 100%)' },
    '& select': { textOverflow: 'ellipsis' },
    [PHONE]: { flex: '1 1 100%', gap: tokens.spacingHorizontalS, '& > *': { flex: '1 1 8rem', maxWidth: 'none' } },
  },
  count: { color: tokens.colorNeutralForeground2, marginInlineStart: 'auto', whiteSpace: 'nowrap' },
});

/** Above a list: search, filters, and how many of all are shown. */
export function Search(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  shown: number;
  all: number;
  /** There are more than have been asked for yet. */
  isMore?: boolean;
  /** Filters. */
  children?: ReactNode;
}) {
  const styles = useStyles();
  const texts = useTexts();
  const locale = localeOf(useLang());
  return (
    <div className={styles.bar} role="search">
      <SearchBox
        className={styles.search}
        aria-label={props.label}
        placeholder={props.label}
        value={props.value}
        dismiss={{ 'aria-label': texts.parts.clear }}
        onChange={(_, data) => props.onChange(data.value)}
      />
      {props.children !== undefined && <div className={styles.filters}>{props.children}</div>}
      <span className={styles.count} role="status">
        {texts.parts.count(count(props.shown, locale), count(props.all, locale))}
        {props.isMore === true && '+'}
      </span>
    </div>
  );
}

/** Whether every word of a search stands somewhere in these texts. */
export function fits(search: string, ...texts: (string | null | undefined)[]): boolean {
  const all = texts.join('\n').toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every(word => all.includes(word));
}
