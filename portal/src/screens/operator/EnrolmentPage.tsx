import { Badge, Button, makeStyles, Textarea, tokens } from '@fluentui/react-components';
import { CheckmarkCircleRegular, CircleRegular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import {
  command,
  Confirm,
  Decision,
  decisionQuery,
  Facts,
  Field,
  Link,
  Loaded,
  Page,
  Section,
  StateBadge,
  useAct,
  useDraft,
  useParam,
  When,
} from '../../parts';
import { useTexts } from '../../texts';
import { enrolmentQuery, type Detail } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  steps: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalS },
  step: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  done: { color: tokens.colorPaletteGreenForeground1 },
  judgement: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr)',
    gap: tokens.spacingVerticalXXS,
    paddingBottom: tokens.spacingVerticalS,
    borderBottom: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke3}`,
  },
  dim: { margin: 0, color: tokens.colorNeutralForeground2 },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
});

/** Accepting or rejecting a partner, with the evidence that it rests on. */
function Judge(props: { of: Detail }) {
  const styles = useStyles();
  const words = useWords();
  const partner = props.of.name;
  const [draft, change, forget] = useDraft(`evidence.${partner}`, { evidence: '' });
  const [accepted, setAccepted] = useState<boolean | null>(null);
  const decision = useQuery(decisionQuery({ verb: 'decide_verification', params: { partner, accepted: true } }));
  const act = useAct((input: { accepted: boolean }, id) =>
    command('decide_verification', { partner, accepted: input.accepted, evidence: draft.evidence }, id),
  );
  // The window outlives the state that it ends, so that it closes as windows do.
  if (props.of.state !== 'pending' && props.of.state !== 'applied' && accepted === null) return null;
  const mayDecide = decision.data?.allowed !== false;
  return (
    <Section title={words.decide} lead={words.decideLead}>
      {decision.data !== undefined && !mayDecide && <Decision decision={decision.data} />}
      <Field label={words.evidence} rule={words.evidenceRule} name="evidence" trouble={act.trouble}>
        <Textarea rows={3} value={draft.evidence} onChange={(_, data) => change({ evidence: data.value })} />
      </Field>
      <div className={styles.buttons}>
        <Button appearance="primary" disabled={!mayDecide} onClick={() => setAccepted(true)}>
          {words.accept}
        </Button>
        <Button disabled={!mayDecide || draft.evidence.trim() === ''} onClick={() => setAccepted(false)}>
          {words.reject}
        </Button>
      </div>
      {accepted !== null && (
        <Confirm
          open
          title={accepted ? words.acceptTitle(props.of.title) : words.rejectTitle(props.of.title)}
          confirm={accepted ? words.accept : words.reject}
          act={act}
          input={{ accepted }}
          onClose={() => setAccepted(null)}
          onDone={() => {
            setAccepted(null);
            forget();
          }}
        >
          <span>{accepted ? words.acceptAbout : words.rejectAbout}</span>
          {draft.evidence !== '' && <p className={styles.dim}>{draft.evidence}</p>}
        </Confirm>
      )}
    </Section>
  );
}

/** One enrolment: the three steps, what was judged on which evidence, its agreements and PartnerIDs. */
export default function EnrolmentPage() {
  const styles = useStyles();
  const texts = useTexts();
  const words = useWords();
  const partner = useParam('partner');
  const enrolment = useQuery(enrolmentQuery(partner));
  return (
    <Page title={enrolment.data?.title ?? partner} back={{ to: '/operator', label: words.views.enrolments }}>
      <Loaded query={enrolment} lines={8}>
        {data => (
          <>
            <Section title={words.about}>
              <Facts
                items={[
                  { label: words.state, value: <StateBadge state={data.state} /> },
                  { label: words.kind, value: texts.roles[data.kind] ?? data.kind },
                  { label: words.region, value: `${data.country} · ${data.region ?? texts.parts.none}` },
                  { label: words.domain, value: data.domain },
                  { label: words.membership, value: <StateBadge state={data.membership} /> },
                  {
                    label: words.since,
                    value: (
                      <>
                        <When at={data.since} /> · {words.businessDays(String(data.businessDays))}
                      </>
                    ),
                  },
                ]}
              />
              <ul className={styles.steps} aria-label={words.steps}>
                {data.steps.map(step => (
                  <li key={step.name} className={styles.step} data-step={step.name} data-done={step.done}>
                    {step.done ? <CheckmarkCircleRegular className={styles.done} /> : <CircleRegular />}
                    <span>{words.stepNames[step.name] ?? step.name}</span>
                    <span className={styles.dim}>{step.done ? words.stepDone : words.stepOpen}</span>
                    <Link to={`/rules/${step.rule}`}>{step.rule}</Link>
                  </li>
                ))}
              </ul>
            </Section>
            <Judge of={data} />
            <Section title={words.judgements} lead={words.judgementsLead}>
              {data.judgements.length === 0 ? (
                <p className={styles.dim}>{words.noJudgements}</p>
              ) : (
                <ul className={styles.steps}>
                  {data.judgements.map(one => (
                    <li key={`${one.requirement} ${one.recorded}`} className={styles.judgement}>
                      <span className={styles.step}>
                        <strong>{words.requirements[one.requirement] ?? one.requirement.replaceAll('_', ' ')}</strong>
                        <Badge appearance="tint" color={one.passed ? 'success' : 'danger'} shape="rounded">
                          {one.passed ? words.passed : words.failed}
                        </Badge>
                        <span className={styles.dim}>
                          <When at={one.day} /> · {one.by}
                        </span>
                      </span>
                      <span>{one.evidence}</span>
                    </li>
                  ))}
                </ul>
              )}
            </Section>
            <Section title={words.agreements}>
              <ul className={styles.steps}>
                {data.agreements.map(one => (
                  <li key={one.account} className={styles.step}>
                    <strong>{one.region ?? one.country}</strong>
                    <StateBadge state={one.agreement} />
                    <span className={styles.dim}>{one.template}</span>
                    {one.accepted !== undefined && <When at={one.accepted} />}
                    {one.signer !== undefined && <span>{one.signer}</span>}
                  </li>
                ))}
              </ul>
            </Section>
            <Section title={words.locations}>
              <ul className={styles.steps}>
                {data.locations.map(one => (
                  <li key={one.partnerId} className={styles.step}>
                    <strong>{one.partnerId}</strong>
                    <span>{one.name}</span>
                    <span className={styles.dim}>
                      {one.country} · {words.locationKinds[one.kind] ?? one.kind}
                    </span>
                    <StateBadge state={one.state} />
                  </li>
                ))}
              </ul>
            </Section>
          </>
        )}
      </Loaded>
    </Page>
  );
}
