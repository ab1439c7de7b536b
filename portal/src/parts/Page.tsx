import { makeStyles, Text, Title2, tokens } from '@fluentui/react-components';
import { useEffect, type ReactNode } from 'react';

import { useTexts } from '../texts';
import { Link } from './Link';
import { PHONE } from './styles';

const useStyles = makeStyles({
  page: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXL, minWidth: 0 },
  head: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'flex-end',
    justifyContent: 'space-between',
    gap: tokens.spacingHorizontalL,
  },
  words: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXS, minWidth: 0, flex: '1 1 20rem' },
  title: {
    margin: 0,
    overflowWrap: 'anywhere',
    textWrap: 'balance',
    letterSpacing: '-0.01em',
    [PHONE]: { fontSize: tokens.fontSizeBase600, lineHeight: tokens.lineHeightBase600 },
  },
  lead: { color: tokens.colorNeutralForeground2, maxWidth: '70ch', lineHeight: tokens.lineHeightBase400 },
  actions: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
});

/** A screen: its one heading, what it is for in a sentence, what can be done with the whole of it. */
export function Page(props: {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  /** The screen above this one. */
  back?: { to: string; label: string };
  children: ReactNode;
}) {
  const styles = useStyles();
  const texts = useTexts();
  useEffect(() => {
    document.title = `${props.title} · ${texts.name}`;
  }, [props.title, texts.name]);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div className={styles.words}>
          {props.back && <Link to={props.back.to}>← {props.back.label}</Link>}
          <Title2 as="h1" className={styles.title}>
            {props.title}
          </Title2>
          {props.lead !== undefined && (
            <Text as="p" className={styles.lead} style={{ margin: 0 }}>
              {props.lead}
            </Text>
          )}
        </div>
        {props.actions !== undefined && <div className={styles.actions}>{props.actions}</div>}
      </header>
      {props.children}
    </div>
  );
}
