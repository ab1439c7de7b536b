import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { PlayRegular } from '@fluentui/react-icons';
import { useState } from 'react';

import { useIsSandbox, useMe } from '../../api/queries';
import type { ActView, RemedyView } from '../../api/shapes';
import { Confirm, useAct } from '../../parts';
import { lineOf } from '../../parts/places';
import { useLang, localeOf } from '../../texts/lang';
import { count } from '../../parts/money';
import { isVerb } from './deal';
import { perform } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  dim: { margin: 0, color: tokens.colorNeutralForeground2 },
  steps: { margin: 0, display: 'grid', gap: tokens.spacingVerticalXS, overflowWrap: 'anywhere' },
});

/** The steps that a remedy has besides a deal of this desk, which is placed here with a button of its own. */
function stepsOf(remedy: RemedyView): ActView[] {
  return isVerb(remedy.then.verb) ? remedy.commands : [...remedy.commands, remedy.then];
}

/** Carries a rehearsed remedy out: one's own steps by one's own right, on a sandbox those of others too. */
export function CarryOut(props: { remedy: RemedyView; onDone: () => void }) {
  const styles = useStyles();
  const words = useWords();
  const me = useMe();
  const isSandbox = useIsSandbox();
  const locale = localeOf(useLang());
  const [isOpen, setOpen] = useState(false);
  const steps = stepsOf(props.remedy);
  // How far it came, so that another try goes on there.
  const [done, setDone] = useState(0);
  const own = me.role === 'operator' ? '' : me.handle;
  const carry = useAct(async (all: ActView[], id: string) => {
    let at = done;
    for (const step of all.slice(done)) {
      await perform(step, own, `${id.slice(0, -2)}${at.toString(16).padStart(2, '0')}`);
      at += 1;
      setDone(at);
    }
    return at;
  });
  if (steps.length === 0) return null;
  if (!isSandbox && steps.some(step => step.as !== own)) return <p className={styles.dim}>{words.carryOthers}</p>;
  return (
    <div className={styles.line}>
      <Button appearance="primary" icon={<PlayRegular />} onClick={() => setOpen(true)}>
        {words.carry(count(steps.length, locale))}
      </Button>
      <Confirm
        open={isOpen}
        title={words.carryTitle}
        confirm={words.carry(count(steps.length, locale))}
        act={carry}
        input={steps}
        onClose={() => setOpen(false)}
        onDone={() => {
          setOpen(false);
          setDone(0);
          props.onDone();
        }}
      >
        <span>{words.carryLead}</span>
        <ol className={styles.steps}>
          {steps.map(step => (
            <li key={lineOf(step)}>
              <code>{lineOf(step)}</code>
            </li>
          ))}
        </ol>
      </Confirm>
    </div>
  );
}
