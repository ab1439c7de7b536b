import { makeStyles, MessageBar, MessageBarBody, tokens } from '@fluentui/react-components';
import { useEffect, useState } from 'react';

import { isLost, waiting } from '../api/client';
import { useStore } from '../store';
import { useTexts } from '../texts';

const useStyles = makeStyles({ all: { display: 'grid', gap: tokens.spacingVerticalS } });

/** The seconds until an instant, counted down. */
function useSeconds(until: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (until === null) return;
    const tick = () => setNow(Date.now());
    tick();
    const timer = window.setInterval(tick, 500);
    return () => window.clearInterval(timer);
  }, [until]);
  return until === null ? 0 : Math.max(1, Math.ceil((until - now) / 1000));
}

/** What concerns every screen: the server asks to wait, or cannot be reached. */
export function Notices() {
  const styles = useStyles();
  const texts = useTexts();
  const until = useStore(waiting);
  const lost = useStore(isLost);
  const seconds = useSeconds(until);
  if (until === null && !lost) return null;
  return (
    <div className={styles.all}>
      {until !== null && (
        <MessageBar intent="info" data-notice="busy">
          <MessageBarBody>{texts.answer.busy(seconds)}</MessageBarBody>
        </MessageBar>
      )}
      {lost && (
        <MessageBar intent="warning" layout="multiline" data-notice="lost">
          <MessageBarBody>
            {texts.answer.lost}. {texts.answer.lostHint}
          </MessageBarBody>
        </MessageBar>
      )}
    </div>
  );
}
