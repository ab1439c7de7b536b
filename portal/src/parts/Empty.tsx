import { makeStyles, Subtitle2, Text, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';

import { useTexts } from '../texts';

const useStyles = makeStyles({
  empty: {
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    gap: tokens.spacingVerticalS,
    padding: `${tokens.spacingVerticalXXXL} ${tokens.spacingHorizontalL}`,
    textAlign: 'center',
    color: tokens.colorNeutralForeground2,
    border: `${tokens.strokeWidthThin} dashed ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusXLarge,
  },
});

/** Where there is nothing to show: why, and what to do about it. */
export function Empty(props: { title?: string; hint?: ReactNode; action?: ReactNode }) {
  const styles = useStyles();
  const texts = useTexts();
  return (
    <div className={styles.empty}>
      <Subtitle2>{props.title ?? texts.parts.empty}</Subtitle2>
      {props.hint !== undefined && <Text>{props.hint}</Text>}
      {props.action}
    </div>
  );
}
