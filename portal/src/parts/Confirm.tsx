import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
  tokens,
} from '@fluentui/react-components';
import { useLayoutEffect, type ReactNode } from 'react';

import { useTexts } from '../texts';
import type { Act } from './act';
import { Answer } from './Answer';

const useStyles = makeStyles({
  content: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  actions: { flexWrap: 'wrap', justifyContent: 'flex-end' },
});

/**
 * Asks before something is done, with its consequences spelled out. The window stays while it is done and where it did not work;
 * `onDone` closes it.
 */
export function Confirm<I, O>(props: {
  open: boolean;
  title: string;
  /** What will be so afterwards. */
  children: ReactNode;
  confirm: string;
  act: Act<I, O>;
  input: I;
  /** Nothing can be done yet, such as while a field is empty. */
  disabled?: boolean;
  onClose: () => void;
  onDone: (result: O) => void;
}) {
  const styles = useStyles();
  const texts = useTexts();
  const { act } = props;
  // Where one was goes on being where one is, after the window.
  useLayoutEffect(() => {
    if (!props.open) return;
    const before = document.activeElement;
    return () => {
      requestAnimationFrame(() => {
        const page = document.getElementById('portal');
        if (page !== null) page.inert = false;
        // What was done may have taken the button away.
        const there = before instanceof HTMLElement && before.isConnected;
        (there ? before : document.querySelector<HTMLElement>('main a, main button:enabled'))?.focus();
      });
    };
  }, [props.open]);
  const close = () => {
    act.clear();
    props.onClose();
  };
  const confirm = async () => {
    const result = await act.run(props.input);
    if (result !== undefined) props.onDone(result);
  };
  return (
    <Dialog open={props.open} onOpenChange={(_, data) => !data.open && !act.busy && close()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{props.title}</DialogTitle>
          <DialogContent className={styles.content}>
            {props.children}
            <Answer trouble={act.trouble} onRetry={() => void confirm()} />
          </DialogContent>
          <DialogActions fluid className={styles.actions}>
            <Button onClick={close} disabled={act.busy}>
              {texts.parts.cancel}
            </Button>
            <Button
              appearance="primary"
              disabled={props.disabled === true}
              disabledFocusable={act.busy}
              onClick={() => void confirm()}
            >
              {props.confirm}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
