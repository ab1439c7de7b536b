import { makeStyles, mergeClasses, Switch, tokens } from '@fluentui/react-components';
import { CheckmarkCircleRegular, DismissCircleFilled } from '@fluentui/react-icons';
import { useState } from 'react';

import { Facts, Link, Section } from '../../parts';
import { count } from '../../parts/money';
import { localeOf, useLang } from '../../texts/lang';
import type { Asked } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  steps: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)' },
  step: { borderTop: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke2}` },
  head: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
    width: '100%',
    paddingBlock: tokens.spacingVerticalS,
    border: 'none',
    backgroundColor: 'transparent',
    color: 'inherit',
    fontFamily: 'inherit',
    fontSize: tokens.fontSizeBase300,
    textAlign: 'start',
    cursor: 'pointer',
    ':hover': { backgroundColor: tokens.colorSubtleBackgroundHover },
  },
  sum: { marginInlineStart: 'auto', color: tokens.colorNeutralForeground2, whiteSpace: 'nowrap' },
  bad: { color: tokens.colorStatusDangerForeground1, flexShrink: 0 },
  good: { color: tokens.colorStatusSuccessForeground1, flexShrink: 0 },
  list: {
    listStyleType: 'none',
    margin: 0,
    padding: `0 0 ${tokens.spacingVerticalM}`,
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr)',
    gap: tokens.spacingVerticalM,
  },
  rule: {
    display: 'grid',
    gridTemplateColumns: '20px minmax(0, 1fr)',
    gap: tokens.spacingHorizontalS,
    fontSize: tokens.fontSizeBase300,
  },
  text: { display: 'grid', gap: tokens.spacingVerticalXS, overflowWrap: 'anywhere' },
  line: { margin: 0, maxWidth: '75ch' },
  sign: { fontSize: '20px' },
});

function Rule(props: { asked: Asked }) {
  const styles = useStyles();
  const words = useWords();
  const { asked } = props;
  return (
    <li className={styles.rule} data-asked={asked.rule} data-passed={asked.passed}>
      {asked.passed ? (
        <CheckmarkCircleRegular className={mergeClasses(styles.good, styles.sign)} aria-label={words.passed} />
      ) : (
        <DismissCircleFilled className={mergeClasses(styles.bad, styles.sign)} aria-label={words.failed} />
      )}
      <div className={styles.text}>
        <p className={styles.line}>
          <Link to={`/rules/${asked.rule}`}>{asked.rule}</Link> {asked.statement}
        </p>
        <Facts items={asked.facts} />
      </div>
    </li>
  );
}

/** Every rule that was asked, by the steps of the checks; a step with a refusal is open. */
export function Trace(props: { trace: Asked[] }) {
  const styles = useStyles();
  const words = useWords();
  const locale = localeOf(useLang());
  const [isFailedOnly, setFailedOnly] = useState(false);
  const [turned, setTurned] = useState<Record<string, boolean>>({});
  const steps = [...new Set(props.trace.map(one => one.step))];
  const failed = props.trace.filter(one => !one.passed);
  return (
    <Section
      title={words.rules}
      lead={words.rulesLead(count(props.trace.length, locale), count(failed.length, locale))}
      actions={
        <Switch label={words.onlyFailed} checked={isFailedOnly} onChange={(_, data) => setFailedOnly(data.checked)} />
      }
    >
      <div className={styles.steps}>
        {steps.map(step => {
          const all = props.trace.filter(one => one.step === step);
          const bad = all.filter(one => !one.passed);
          if (isFailedOnly && bad.length === 0) return null;
          const isOpen = turned[step] ?? bad.length > 0;
          return (
            <div key={step} className={styles.step} data-step={step}>
              <button
                type="button"
                className={styles.head}
                aria-expanded={isOpen}
                onClick={() => setTurned(old => ({ ...old, [step]: !isOpen }))}
              >
                {bad.length > 0 ? (
                  <DismissCircleFilled className={mergeClasses(styles.bad, styles.sign)} aria-hidden />
                ) : (
                  <CheckmarkCircleRegular className={mergeClasses(styles.good, styles.sign)} aria-hidden />
                )}
                <span>{words.step(words.steps[step] ?? step.replaceAll('_', ' '), count(all.length, locale))}</span>
                <span className={styles.sum}>
                  {bad.length > 0 ? words.failedCount(count(bad.length, locale)) : words.allPassed}
                </span>
              </button>
              {isOpen && (
                <ul className={styles.list}>
                  {[...bad, ...(isFailedOnly ? [] : all.filter(one => one.passed))].map((asked, index) => (
                    <Rule key={`${asked.rule} ${index}`} asked={asked} />
                  ))}
                </ul>
              )}
            </div>
          );
        })}
      </div>
    </Section>
  );
}
