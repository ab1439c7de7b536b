import { makeStyles, tokens } from '@fluentui/react-components';

const useStyles = makeStyles({
  mark: { display: 'inline-flex', alignItems: 'flex-end', gap: '3px' },
  bar: { width: '6px', borderRadius: '2px', backgroundColor: tokens.colorBrandForeground1 },
});

/** The mark: three tiers. */
export function Mark() {
  const styles = useStyles();
  return (
    <span className={styles.mark} aria-hidden>
      <span className={styles.bar} style={{ height: 8 }} />
      <span className={styles.bar} style={{ height: 13, opacity: 0.75 }} />
      <span className={styles.bar} style={{ height: 18, opacity: 0.5 }} />
    </span>
  );
}
