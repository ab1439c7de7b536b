import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';

import { Section, When } from '../../parts';
import type { Outlook } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalL },
  batch: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: tokens.spacingVerticalXS },
  head: {
    display: 'flex',
    flexWrap: 'wrap',
    justifyContent: 'space-between',
    columnGap: tokens.spacingHorizontalL,
  },
  dim: { color: tokens.colorNeutralForeground2 },
  good: { color: tokens.colorStatusSuccessForeground1 },
  track: {
    height: '8px',
    borderRadius: tokens.borderRadiusCircular,
    backgroundColor: tokens.colorNeutralBackground5,
    overflow: 'hidden',
  },
  // What is left of the window.
  left: { height: '100%', backgroundColor: tokens.colorStatusSuccessBackground3, marginInlineStart: 'auto' },
  steps: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid' },
  step: {
    display: 'grid',
    gridTemplateColumns: '1rem minmax(0, 1fr)',
    gap: tokens.spacingHorizontalM,
    paddingBottom: tokens.spacingVerticalM,
    position: 'relative',
    '&:not(:last-child)::before': {
      content: '""',
      position: 'absolute',
      insetBlockStart: '14px',
      insetBlockEnd: '-4px',
      insetInlineStart: '7px',
      width: '2px',
      backgroundColor: tokens.colorNeutralStroke2,
    },
  },
  dot: {
    width: '12px',
    height: '12px',
    marginBlockStart: '4px',
    marginInlineStart: '2px',
    boxSizing: 'border-box',
    borderRadius: tokens.borderRadiusCircular,
    border: `2px solid ${tokens.colorNeutralStroke1}`,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  now: { backgroundColor: tokens.colorBrandBackground, border: `2px solid ${tokens.colorBrandBackground}` },
  text: { display: 'flex', flexWrap: 'wrap', justifyContent: 'space-between', columnGap: tokens.spacingHorizontalL },
  strong: { fontWeight: tokens.fontWeightSemibold },
});

type Batch = Outlook['seats'][number];

/** How much of a window is left at an instant, in percent. */
function leftOf(batch: Batch, now: string): number {
  if (batch.until === undefined) return 0;
  const [from, until, at] = [Date.parse(batch.added), Date.parse(batch.until), Date.parse(now)];
  return Math.max(0, Math.min(100, Math.round(((until - at) / (until - from)) * 100)));
}

/** What was, where one stands and what comes, in one line of time. */
function Line(props: { outlook: Outlook }) {
  const styles = useStyles();
  const words = useWords();
  const { outlook } = props;
  const { now } = outlook;
  const steps = [
    { at: outlook.bought, text: words.bought },
    ...(outlook.renewed === undefined ? [] : [{ at: outlook.renewed, text: words.renewed }]),
    ...outlook.seats
      .filter(batch => batch.isOpen && batch.until !== undefined)
      .map(batch => ({ at: batch.until ?? now, text: words.windowEnds(batch.quantity) })),
    ...(outlook.cancelOpen && outlook.cancelUntil !== undefined
      ? [{ at: outlook.cancelUntil, text: words.cancelEnds }]
      : []),
    ...outlook.coming.map(one => ({ at: one.due, text: words.kinds[one.kind] ?? one.kind.replaceAll('_', ' ') })),
    { at: now, text: words.now },
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return (
    <Section title={words.line} lead={words.lineLead}>
      <ol className={styles.steps}>
        {steps.map((step, index) => {
          const isNow = step.text === words.now;
          return (
            <li key={index} className={styles.step}>
              <span className={mergeClasses(styles.dot, isNow && styles.now)} aria-hidden />
              <span className={styles.text}>
                <span className={mergeClasses(isNow && styles.strong)}>{step.text}</span>
                <span className={styles.dim}>
                  <When at={step.at} {...(isNow ? {} : { from: now })} />
                </span>
              </span>
            </li>
          );
        })}
      </ol>
    </Section>
  );
}

/** Seats as they were added, each with the window in which they may be given back, and the line of time. */
export function Seats(props: { outlook: Outlook }) {
  const styles = useStyles();
  const words = useWords();
  const { outlook } = props;
  return (
    <>
      <Section title={words.windows} lead={words.reducible(outlook.reducible)}>
        <ol className={styles.list} data-reducible={outlook.reducible}>
          {outlook.seats.toReversed().map((batch, index) => (
            <li key={index} className={styles.batch} data-batch={batch.isOpen ? 'open' : 'closed'}>
              <span className={styles.head}>
                <span>
                  <strong>{words.seatsOf(batch.quantity)}</strong>{' '}
                  <span className={styles.dim}>
                    {words.added} <When at={batch.added} />
                  </span>
                </span>
                <span className={batch.isOpen ? styles.good : styles.dim}>
                  {batch.until === undefined ? (
                    words.noWindow
                  ) : (
                    <>
                      {batch.isOpen ? words.openUntil : words.closedSince} <When at={batch.until} from={outlook.now} />
                    </>
                  )}
                </span>
              </span>
              <div className={styles.track} aria-hidden>
                <div className={styles.left} style={{ width: `${leftOf(batch, outlook.now)}%` }} />
              </div>
            </li>
          ))}
        </ol>
      </Section>
      <Line outlook={outlook} />
    </>
  );
}
