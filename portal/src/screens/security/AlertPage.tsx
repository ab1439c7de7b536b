import { Button } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { command, Confirm, Facts, Link, Loaded, Page, Section, useAct, useGo, useParam, When } from '../../parts';
import { useTexts } from '../../texts';
import { alertQuery, type Alert } from './queries';
import { AlertState } from './SecurityPage';
import { useWords } from './texts';

/** What may be said of an alert: its state then, and what it was. */
const STEPS = {
  look: { status: 'investigating', reason: 'none' },
  wasFraud: { status: 'resolved', reason: 'fraud' },
  wasNone: { status: 'resolved', reason: 'ignore' },
  again: { status: 'active', reason: 'none' },
} as const;

type Step = keyof typeof STEPS;

/** What may be said next. */
function stepsOf(alert: Alert): Step[] {
  if (!alert.own) return [];
  if (alert.status === 'resolved') return ['again'];
  return alert.status === 'active' ? ['look', 'wasFraud', 'wasNone'] : ['wasFraud', 'wasNone'];
}

function Say(props: { of: Alert; step: Step; onClose: () => void }) {
  const words = useWords();
  const { of, step } = props;
  const input = { subscription: of.subscription, events: [of.id], ...STEPS[step] };
  const act = useAct((params: typeof input, id) => command('update_fraud_events', params, id));
  return (
    <Confirm
      open
      title={words[step]}
      confirm={words[step]}
      act={act}
      input={input}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <span>{words[`${step}About`]}</span>
    </Confirm>
  );
}

/** Once for each customer, a partner may ask for a credit. */
function Ask(props: { of: Alert; onClose: () => void }) {
  const words = useWords();
  const go = useGo();
  const input = { kind: 'fraud_credit', customer: props.of.customer };
  const act = useAct((params: typeof input, id) => command('open_case', params, id));
  return (
    <Confirm
      open
      title={words.ask}
      confirm={words.ask}
      act={act}
      input={input}
      onClose={props.onClose}
      onDone={done => go(`/support/${(done as { ticket: string }).ticket}`)}
    >
      <span>{words.askAbout}</span>
    </Confirm>
  );
}

/** One alert: what was seen, and what the partner that is liable says of it. */
export default function AlertPage() {
  const texts = useTexts();
  const words = useWords();
  const alert = useQuery(alertQuery(useParam('id')));
  const [window, setWindow] = useState<Step | 'ask' | null>(null);
  const close = () => setWindow(null);
  const { data } = alert;
  const mayAsk = data?.own === true && data.reason === 'fraud' && !data.test;
  const steps = data === undefined ? [] : stepsOf(data);
  return (
    <Page
      title={data?.title ?? words.alerts}
      back={{ to: '/security', label: texts.screens.security }}
      actions={
        steps.length > 0 || mayAsk ? (
          <>
            {steps.map(step => (
              <Button key={step} onClick={() => setWindow(step)}>
                {words[step]}
              </Button>
            ))}
            {mayAsk && <Button onClick={() => setWindow('ask')}>{words.ask}</Button>}
          </>
        ) : undefined
      }
    >
      <Loaded query={alert} lines={8}>
        {of => (
          <>
            <Section title={words.about}>
              {of.test && <span>{words.trial}</span>}
              <Facts
                items={[
                  { label: words.status, value: <AlertState of={of} /> },
                  { label: words.reason, value: words.reasons[of.reason] },
                  { label: words.resolved, value: of.resolved && <When at={of.resolved} /> },
                  { label: words.by, value: of.resolved_by },
                  { label: words.kind, value: words.kinds[of.kind] },
                  { label: words.severity, value: words.levels[of.severity] },
                  { label: words.confidence, value: words.levels[of.confidence] },
                  { label: words.description, value: of.description },
                  { label: words.partner, value: of.partner_title },
                  { label: words.customer, value: <Link to={`/customers/${of.customer}`}>{of.customer_title}</Link> },
                  {
                    label: words.subscription,
                    value: <Link to={`/subscriptions/${of.subscription}`}>{of.subscription_title}</Link>,
                  },
                  { label: words.resource, value: of.resource },
                  { label: words.resourceType, value: of.resource_type },
                  { label: words.resourceGroup, value: of.resource_group },
                  { label: words.hits, value: of.hits },
                  { label: words.first, value: <When at={of.first_occurrence} /> },
                  { label: words.last, value: <When at={of.last_occurrence} /> },
                ]}
              />
            </Section>
            {Object.keys(of.details).length > 0 && (
              <Section title={words.details}>
                <Facts items={Object.entries(of.details).map(([label, value]) => ({ label, value }))} />
              </Section>
            )}
            {window === 'ask' && <Ask of={of} onClose={close} />}
            {window !== null && window !== 'ask' && <Say of={of} step={window} onClose={close} />}
          </>
        )}
      </Loaded>
    </Page>
  );
}
