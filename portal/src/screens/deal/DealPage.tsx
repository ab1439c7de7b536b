import {
  Button,
  Input,
  makeStyles,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  MessageBarTitle,
  Select,
  Spinner,
  tokens,
} from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';

import { useIsSandbox, useMe } from '../../api/queries';
import type { DecisionView, RemedyView } from '../../api/shapes';
import {
  Answer,
  asTrouble,
  ButtonLink,
  Decision,
  Empty,
  Facts,
  Field,
  Link,
  Loading,
  NARROW,
  Page,
  Section,
  StateBadge,
  useAct,
  useAllInAddress,
} from '../../parts';
import { play } from '../../session/session';
import { useTexts } from '../../texts';
import { useLang } from '../../texts/lang';
import { isShown } from '../shown';
import { CarryOut } from './CarryOut';
import { ChainDrawing } from './ChainDrawing';
import { isVerb, NEEDED, OFFERED, paramsOf, type FieldName } from './deal';
import { DealFields } from './DealFields';
import { KeptTable } from './KeptTable';
import { partnersQuery, perform, tracedQuery } from './queries';
import { useWords } from './texts';
import { Trace } from './Trace';
import { useSettled } from './useSettled';

const useStyles = makeStyles({
  desk: {
    display: 'grid',
    gridTemplateColumns: 'minmax(17rem, 24rem) minmax(0, 1fr)',
    gap: tokens.spacingHorizontalXXL,
    alignItems: 'start',
    [NARROW]: { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  column: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: tokens.spacingVerticalXL },
  place: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalM },
  dim: { margin: 0, color: tokens.colorNeutralForeground2 },
  bar: { whiteSpace: 'normal', overflowWrap: 'anywhere', paddingBlock: tokens.spacingVerticalXS },
});

/** What came of an act, as the server says. */
interface Came {
  order?: string;
  subscription?: string;
}

/** Relationship and agreement, as the rules that were asked found them. */
function Known(props: { decision: DecisionView }) {
  const words = useWords();
  const found = (rule: string) => props.decision.trace?.filter(one => one.rule === rule) ?? [];
  const badge = (rule: string, good: string, bad: string) => {
    const asked = found(rule);
    if (asked.length === 0) return null;
    const isGood = asked.every(one => one.passed);
    return <StateBadge state={isGood ? 'active' : 'denied'} label={isGood ? good : bad} />;
  };
  return (
    <Facts
      items={[
        { label: words.relationship, value: badge('CUS-031', words.tied, words.notTied) },
        { label: words.agreement, value: badge('AGR-019', words.evidenced, words.notEvidenced) },
      ]}
    />
  );
}

/** The desk at which a deal is put together, judged and placed. */
export default function DealPage() {
  const styles = useStyles();
  const texts = useTexts();
  const words = useWords();
  const me = useMe();
  const lang = useLang();
  const isSandbox = useIsSandbox();
  const sellers = useId();
  const [all, change] = useAllInAddress();
  const [isCarried, setCarried] = useState(false);
  const isOperator = me.role === 'operator';
  const offered = OFFERED[me.role as keyof typeof OFFERED] ?? ['order'];
  const verb = all.do !== undefined && isVerb(all.do) ? all.do : 'order';
  const actor = all.as ?? (isOperator ? '' : me.handle);
  const isOthers = !isOperator && actor !== me.handle;
  const partners = useQuery({ ...partnersQuery(isSandbox, isOperator), enabled: isOperator }).data ?? [];

  const params = paramsOf(verb, all);
  const missing: string[] = NEEDED[verb]
    .filter((name: FieldName) => params[name] === undefined)
    .map(
      name =>
        ({
          customer: words.customer,
          item: words.item,
          provider: words.provider,
          partner: words.partner,
          task: words.task,
        })[name as 'customer'],
    );
  if (actor === '') missing.unshift(words.seller);
  const deal = { verb, params, ...(isOperator ? { as: actor } : {}) };
  const settled = useSettled(missing.length > 0 || isOthers ? null : deal);
  const decision = useQuery(tracedQuery(settled, lang));
  const isCurrent = settled !== null && JSON.stringify(settled) === JSON.stringify(deal) && !decision.isPlaceholderData;
  const trouble = asTrouble(decision.error);

  const place = useAct((act: { verb: string; params: Record<string, unknown> }, id) =>
    perform({ ...act, as: actor }, isOperator ? '' : me.handle, id),
  );
  const [came, setCame] = useState<Came | null>(null);
  const go = async () => {
    setCame(null);
    setCarried(false);
    const result = await place.run({ verb, params });
    if (result !== undefined) setCame(result ?? {});
  };
  const edit = (part: Record<string, string>) => {
    setCame(null);
    setCarried(false);
    place.clear();
    change(part);
  };

  return (
    <Page
      title={texts.screens.deal}
      lead={words.lead}
      actions={<ButtonLink to="/deal/decisions">{words.keptAll}</ButtonLink>}
    >
      <div className={styles.desk}>
        <div className={styles.column}>
          <Section title={words.terms}>
            <Field label={words.verb}>
              {field => (
                <Select {...field} value={verb} onChange={(_, data) => edit({ do: data.value })}>
                  {[...new Set([...offered, verb])].map(one => (
                    <option key={one} value={one}>
                      {words.verbs[one]}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
            {isOperator && (
              <Field label={verb === 'order' ? words.seller : words.actor} rule={words.sellerRule} required>
                {field => (
                  <>
                    <Input
                      {...field}
                      list={sellers}
                      autoComplete="off"
                      value={actor}
                      onChange={(_, data) => edit({ as: data.value })}
                    />
                    <datalist id={sellers}>
                      {partners.map(one => (
                        <option key={one.name} value={one.name} label={one.title} />
                      ))}
                    </datalist>
                  </>
                )}
              </Field>
            )}
            {!isOperator && <Facts items={[{ label: verb === 'order' ? words.seller : words.actor, value: actor }]} />}
            <DealFields verb={verb} all={all} trouble={trouble} change={edit} />
          </Section>
        </div>
        <div className={styles.column} aria-live="polite">
          {came !== null && (
            <MessageBar intent="success" layout="multiline" data-done={verb}>
              <MessageBarBody className={styles.bar}>
                <MessageBarTitle>{words.placed}</MessageBarTitle>
                {came.order !== undefined && words.placedOrder(came.order)}
              </MessageBarBody>
              {came.subscription !== undefined && isShown('subscriptions') && (
                <MessageBarActions>
                  <ButtonLink to={`/subscriptions/${came.subscription}`} size="small">
                    {words.seeSubscription}
                  </ButtonLink>
                </MessageBarActions>
              )}
            </MessageBar>
          )}
          {isCarried && (
            <MessageBar intent="success" data-carried>
              <MessageBarBody className={styles.bar}>{words.carried}</MessageBarBody>
            </MessageBar>
          )}
          {isOthers && (
            <MessageBar intent="info" layout="multiline" data-others={actor}>
              <MessageBarBody className={styles.bar}>
                <MessageBarTitle>{words.others(actor)}</MessageBarTitle>
                {isSandbox && words.othersHint}
              </MessageBarBody>
              <MessageBarActions>
                {isSandbox && (
                  <Button size="small" onClick={() => void play(actor, false)}>
                    {words.become(actor)}
                  </Button>
                )}
                <Button size="small" appearance="transparent" onClick={() => edit({ as: '' })}>
                  {texts.parts.cancel}
                </Button>
              </MessageBarActions>
            </MessageBar>
          )}
          {!isOthers && missing.length > 0 && <Empty title={words.begin} hint={words.beginHint(missing.join(' · '))} />}
          {!isOthers && missing.length === 0 && (
            <>
              {trouble !== null && <Answer trouble={trouble} onRetry={() => void decision.refetch()} />}
              {decision.data === undefined && trouble === null && <Loading lines={6} />}
              {decision.data !== undefined && trouble === null && (
                <>
                  <Section
                    title={words.decision}
                    actions={isCurrent ? undefined : <Spinner size="tiny" label={words.asking} />}
                  >
                    {decision.data.chain !== undefined && (
                      <ChainDrawing chain={decision.data.chain} allowed={decision.data.allowed} />
                    )}
                    <Known decision={decision.data} />
                    <Decision
                      decision={decision.data}
                      withoutChain
                      remedyActions={(remedy: RemedyView) => (
                        <CarryOut
                          remedy={remedy}
                          onDone={() => {
                            place.clear();
                            setCarried(true);
                          }}
                        />
                      )}
                    />
                    <Answer trouble={place.trouble} onRetry={() => void go()} />
                    <div className={styles.place} data-current={isCurrent}>
                      <Button
                        appearance="primary"
                        disabled={!decision.data.allowed || !isCurrent}
                        disabledFocusable={place.busy}
                        onClick={() => void go()}
                      >
                        {words.go[verb]}
                      </Button>
                      {!decision.data.allowed && <p className={styles.dim}>{words.blocked}</p>}
                      {decision.data.profile !== undefined && (
                        <p className={styles.dim}>
                          {words.profile}: {decision.data.profile}
                        </p>
                      )}
                    </div>
                  </Section>
                  {decision.data.trace !== undefined && <Trace trace={decision.data.trace} />}
                </>
              )}
            </>
          )}
        </div>
      </div>
      <Section
        title={words.kept}
        lead={words.keptLead}
        bare
        actions={<Link to="/deal/decisions?outcome=refused">{words.keptAll}</Link>}
      >
        <KeptTable filter={{ outcome: 'refused' }} most={5} />
      </Section>
    </Page>
  );
}
