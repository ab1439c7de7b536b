import { makeStyles, tokens } from '@fluentui/react-components';

import { Copy } from '../../parts';

const useStyles = makeStyles({
  frame: {
    position: 'relative',
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusLarge,
    padding: tokens.spacingHorizontalM,
    maxHeight: '24rem',
    overflow: 'auto',
  },
  text: {
    margin: 0,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
  },
  head: {
    display: 'flex',
    justifyContent: 'space-between',
    alignItems: 'center',
    color: tokens.colorNeutralForeground2,
  },
});

/** JSON in lines; anything else as it is. */
function laidOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** A text of a machine, with a button that copies it. */
export function Code(props: { label: string; text: string }) {
  const styles = useStyles();
  const text = laidOut(props.text);
  return (
    <div>
      <div className={styles.head}>
        <span>{props.label}</span>
        <Copy text={text} label={props.label} />
      </div>
      <div className={styles.frame} tabIndex={0} role="region" aria-label={props.label}>
        <pre className={styles.text}>{text}</pre>
      </div>
    </div>
  );
}
