import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
} from '@fluentui/react-components';
import { useState } from 'react';

import { again, ended, SignInFailure, signOut } from '../session/session';
import { useStore } from '../store';
import { useTexts } from '../texts';

/** A session that has ended while somebody was at work: the screen behind stays as it is, and the call under way goes on. */
export function Again() {
  const texts = useTexts();
  const isOpen = useStore(ended);
  const [problem, setProblem] = useState<string | null>(null);
  const go = async () => {
    setProblem(null);
    try {
      if (!(await again())) setProblem(texts.signIn.againBlocked);
    } catch (error) {
      const isCancelled = error instanceof SignInFailure && error.kind === 'cancelled';
      setProblem(isCancelled ? texts.signIn.cancelled : texts.signIn.failed);
    }
  };
  return (
    <Dialog open={isOpen} modalType="alert">
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{texts.signIn.again}</DialogTitle>
          <DialogContent>
            {texts.signIn.againLead}
            {problem !== null && <p role="alert">{problem}</p>}
          </DialogContent>
          <DialogActions>
            <Button onClick={signOut}>{texts.signIn.leave}</Button>
            <Button appearance="primary" onClick={() => void go()}>
              {texts.signIn.againGo}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
