import { makeStyles, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';

import { PHONE } from './styles';

const useStyles = makeStyles({
  facts: {
    display: 'grid',
    gridTemplateColumns: 'minmax(8rem, max-content) minmax(0, 1fr)',
    columnGap: tokens.spacingHorizontalXL,
    rowGap: tokens.spacingVerticalS,
    margin: 0,
    [PHONE]: { gridTemplateColumns: 'minmax(0, 1fr)', rowGap: 0 },
  },
  label: { color: tokens.colorNeutralForeground2, [PHONE]: { fontSize: tokens.fontSizeBase200 } },
  value: { margin: 0, overflowWrap: 'anywhere', [PHONE]: { marginBottom: tokens.spacingVerticalM } },
});

export interface Fact {
  label: string;
  value: ReactNode;
}

/** Names and values; a fact without a value is left out. */
export function Facts(props: { items: Fact[] }) {
  const styles = useStyles();
  return (
    <dl className={styles.facts}>
      {props.items
        .filter(item => item.value !== null && item.value !== undefined && item.value !== '')
        .map(item => [
          <dt key={`${item.label}.`} className={styles.label}>
            {item.label}
          </dt>,
          <dd key={item.label} className={styles.value}>
            {item.value}
          </dd>,
        ])}
    </dl>
  );
}
