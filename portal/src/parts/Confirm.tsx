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
 * Gives the page back to whoever closed a window: at the place where they were, or, where what was done took that away or shut
 * it, at the first that takes the focus. The page stays hidden from screen readers until something in it has the focus.
 */
function returnTo(before: Element | null) {
  const page = document.getElementById('portal');
  if (page !== null) page.inert = false;
  for (const place of [before, ...document.querySelectorAll('main a, main button:enabled, main')]) {
    if (!(place instanceof HTMLElement) || place === document.body) continue;
    place.focus();
    if (document.activeElement === place) return;
  }
}

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
      requestAnimationFrame(() => returnTo(before));
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
