import {
  Button,
  makeStyles,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  MessageBarTitle,
  tokens,
} from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';

import { meQuery } from '../api/queries';
import type { Kind, Trouble } from '../api/trouble';
import { screensOf } from '../screens/shown';
import { useTexts } from '../texts';
import { Decision } from './Decision';
import { Link } from './Link';

const useStyles = makeStyles({
  body: { whiteSpace: 'normal', overflowWrap: 'anywhere', paddingBlock: tokens.spacingVerticalXS },
  trace: { display: 'block', fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
});

type Title = 'lost' | 'stale' | 'refused' | 'invalid' | 'missing' | 'forbidden' | 'notBuilt' | 'failed';

const TITLES: Record<Kind, Title> = {
  lost: 'lost',
  'signed-out': 'forbidden',
  stale: 'stale',
  busy: 'failed',
  refused: 'refused',
  invalid: 'invalid',
  missing: 'missing',
  forbidden: 'forbidden',
  'not-built': 'notBuilt',
  failed: 'failed',
};

/**
 * The answer to a call that did not work, where it was made. What was typed stays beside it. A refusal by rules is shown with
 * its rules; everything else says what happened and offers what helps.
 *
 * `onRetry` sends the same again; `onReload` loads what is there now, where somebody else changed it.
 */
export function Answer(props: { trouble: Trouble | null; onRetry?: (() => void) | null; onReload?: () => void }) {
  const styles = useStyles();
  const texts = useTexts();
  const { trouble } = props;
  // Only what is known already: a failure asks for nothing more.
  const me = useQuery({ ...meQuery, enabled: false }).data;
  const canExplain = me !== undefined && screensOf(me, false).includes('deal');
  if (trouble === null) return null;
  const { kind, told } = trouble;
  const explained = canExplain && told.kept !== undefined && (
    <Link to={`/deal/decisions/${told.kept}`}>{texts.decision.kept}</Link>
  );
  if (kind === 'refused' && told.decision !== undefined) {
    return <Decision decision={told.decision}>{explained}</Decision>;
  }
  const isOurs = kind === 'lost' || kind === 'failed' || kind === 'busy';
  const hint = kind === 'lost' ? texts.answer.lostHint : kind === 'stale' ? texts.answer.staleHint : null;
  return (
    <MessageBar layout="multiline" intent={isOurs ? 'warning' : 'error'} role="alert" data-trouble={kind}>
      <MessageBarBody className={styles.body}>
        <MessageBarTitle>{texts.answer[TITLES[kind]]}</MessageBarTitle>
        {told.text !== undefined && <span>{told.text} </span>}
        {hint !== null && <span>{hint}</span>}
        {kind === 'failed' && <span>{texts.answer.failedHint}</span>}
        {told.rules?.map(rule => (
          <span key={rule}>
            {' '}
            <Link to={`/rules/${rule}`}>{texts.decision.rule(rule)}</Link>
          </span>
        ))}
        {explained !== false && <span> {explained}</span>}
        {kind === 'failed' && told.trace !== undefined && (
          <span className={styles.trace}>
            {texts.answer.trace}: {told.trace}
          </span>
        )}
      </MessageBarBody>
      <MessageBarActions>
        {kind === 'stale' && props.onReload !== undefined && (
          <Button onClick={props.onReload}>{texts.answer.reload}</Button>
        )}
        {isOurs && props.onRetry && <Button onClick={props.onRetry}>{texts.answer.retry}</Button>}
      </MessageBarActions>
    </MessageBar>
  );
}
