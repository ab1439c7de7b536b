import { Button, Checkbox, Input, makeStyles, mergeClasses, Select, tokens } from '@fluentui/react-components';
import { CheckmarkCircleFilled, CircleRegular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { useMe } from '../../api/queries';
import {
  command,
  Confirm,
  Facts,
  Field,
  Link,
  Loaded,
  NARROW,
  Preview,
  Section,
  StateBadge,
  useAct,
  useDraft,
  useMay,
  useQueryTexts,
  When,
  type Deal,
} from '../../parts';
import { useTexts } from '../../texts';
import { agreementQuery, enrolmentQuery, type Enrolment as View } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  steps: {
    listStyleType: 'none',
    margin: 0,
    padding: 0,
    display: 'grid',
    gridTemplateColumns: 'repeat(3, minmax(0, 1fr))',
    gap: tokens.spacingHorizontalL,
    [NARROW]: { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  step: {
    display: 'grid',
    gridTemplateColumns: '24px minmax(0, 1fr)',
    gap: tokens.spacingHorizontalM,
    border: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    padding: tokens.spacingHorizontalL,
    alignContent: 'start',
  },
  next: { border: `2px solid ${tokens.colorBrandStroke1}` },
  icon: { fontSize: '24px', color: tokens.colorNeutralForeground3 },
  good: { color: tokens.colorStatusSuccessForeground1 },
  words: { display: 'grid', gap: tokens.spacingVerticalS, justifyItems: 'start' },
  line: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  dim: { color: tokens.colorNeutralForeground2, margin: 0 },
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalM },
  paper: {
    maxHeight: '16rem',
    overflowY: 'auto',
    padding: tokens.spacingHorizontalM,
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground3,
    whiteSpace: 'pre-line',
    '& p': { margin: 0, paddingTop: tokens.spacingVerticalM },
  },
  row: {
    display: 'flex',
    flexWrap: 'wrap',
    justifyContent: 'space-between',
    alignItems: 'center',
    gap: tokens.spacingHorizontalM,
  },
});

const DEEDS = [
  'apply',
  'sign_agreement',
  'appeal',
  'escalate_verification',
  'associate_location',
  'add_location',
] as const;

type Deed = (typeof DEEDS)[number];

/** What an application says of the applicant. */
function Application(props: { enrolment: View; onClose: () => void }) {
  const words = useWords();
  const texts = useTexts();
  const { enrolment } = props;
  const first = useQueryTexts();
  const [draft, change, forget] = useDraft(`apply ${enrolment.name}`, {
    type: first.type ?? enrolment.kind,
    contact_email: '',
    registration_number: '',
    support_contact: '',
    managed_service: true,
    receivables: true,
    reseller_infrastructure: true,
  });
  const { contact_email, registration_number, support_contact, ...rest } = draft;
  const params = {
    ...rest,
    tenant: first.tenant ?? 'existing',
    ...(contact_email === '' ? {} : { contact_email }),
    ...(registration_number === '' ? {} : { registration_number }),
    ...(support_contact === '' ? {} : { support_contact }),
  };
  const deal = { verb: 'apply', params };
  const may = useMay(deal);
  const act = useAct((input: Record<string, unknown>, id) => command('apply', input, id));
  const text = (name: 'contact_email' | 'registration_number' | 'support_contact', label: string, rule: string) => (
    <Field label={label} rule={rule} name={name} trouble={act.trouble}>
      <Input value={draft[name]} onChange={(_, data) => change({ [name]: data.value })} />
    </Field>
  );
  const check = (name: 'managed_service' | 'receivables' | 'reseller_infrastructure', label: string) => (
    <Checkbox label={label} checked={draft[name]} onChange={(_, data) => change({ [name]: data.checked === true })} />
  );
  return (
    <Confirm
      open
      title={words.apply}
      confirm={words.applyGo}
      act={act}
      input={params}
      disabled={!may}
      onClose={props.onClose}
      onDone={() => {
        forget();
        props.onClose();
      }}
    >
      <span>{words.applyAbout}</span>
      <Field label={words.kind} name="type" trouble={act.trouble}>
        <Select value={draft.type} onChange={(_, data) => change({ type: data.value })}>
          {['indirect_reseller', 'direct_bill', 'indirect_provider'].map(one => (
            <option key={one} value={one}>
              {texts.roles[one]}
            </option>
          ))}
        </Select>
      </Field>
      {text('contact_email', words.contact, words.contactRule)}
      {text('registration_number', words.registration, words.registrationRule)}
      {draft.type !== 'indirect_reseller' && (
        <>
          {text('support_contact', words.support, words.supportRule)}
          {check('managed_service', words.managed)}
          {check('receivables', words.receivables)}
          {check('reseller_infrastructure', words.infrastructure)}
        </>
      )}
      <Preview deal={deal} money={false}>
        {() => <strong>{words.applyMay}</strong>}
      </Preview>
    </Confirm>
  );
}

/** What a step sends of the one text that it asks for: nothing yet as long as it is empty. */
const SENDS: Partial<Record<Deed, (text: string) => Deal['params']>> = {
  appeal: text => ({ documents: text.split(',').map(one => one.trim()) }),
  associate_location: text => ({ location: text }),
  add_location: text => ({ country: text.toUpperCase() }),
};

/** One of the smaller steps: what it needs, what the server says of it, and then it. */
function Small(props: { deed: Exclude<Deed, 'apply'>; onClose: () => void }) {
  const words = useWords();
  const { deed } = props;
  const first = useQueryTexts();
  const [text, setText] = useState((deed === 'add_location' ? first.country : first.location) ?? '');
  const sends = SENDS[deed];
  const isReady = deed === 'add_location' ? /^[A-Za-z]{2}$/.test(text) : text !== '';
  const params = sends === undefined ? {} : isReady ? sends(text) : null;
  const deal = params === null ? null : { verb: deed, params };
  const may = useMay(deal);
  const act = useAct((input: Record<string, unknown>, id) => command(deed, input, id));
  const said = words.deeds[deed];
  return (
    <Confirm
      open
      title={said.title}
      confirm={said.go}
      act={act}
      input={params ?? {}}
      disabled={!may}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <span>{said.about}</span>
      {deed === 'sign_agreement' && <Agreement />}
      {'label' in said && (
        <Field
          label={said.label}
          rule={said.rule}
          name={deed === 'appeal' ? 'documents' : deed === 'add_location' ? 'country' : 'location'}
          trouble={act.trouble}
          required
        >
          <Input value={text} onChange={(_, data) => setText(data.value)} />
        </Field>
      )}
      {deal !== null && <Preview deal={deal} money={false} />}
    </Confirm>
  );
}

/** What is signed, in the one language in which it exists. */
function Agreement() {
  const styles = useStyles();
  const words = useWords();
  const agreement = useQuery(agreementQuery);
  return (
    <Loaded query={agreement} lines={4}>
      {data => (
        <section tabIndex={0} lang={data.language} aria-label={words.agreementText} className={styles.paper}>
          {data.text.split('\n\n').map(part => {
            const text = part.replace(/^#+ /, '').replaceAll('**', '').replaceAll(/\n +/g, ' ');
            return part.startsWith('#') ? <strong key={part}>{text}</strong> : <p key={part}>{text}</p>;
          })}
        </section>
      )}
    </Loaded>
  );
}

function Steps(props: { enrolment: View; onDeed: (deed: Deed) => void }) {
  const styles = useStyles();
  const words = useWords();
  const { enrolment, onDeed } = props;
  const next = enrolment.steps.find(step => !step.done)?.name;
  const waits = enrolment.state === 'applied' || enrolment.state === 'pending';
  return (
    <ol className={styles.steps}>
      {enrolment.steps.map(step => (
        <li
          key={step.name}
          className={mergeClasses(styles.step, step.name === next && styles.next)}
          data-step={step.name}
          data-done={step.done}
        >
          <span aria-hidden className={mergeClasses(styles.icon, step.done && styles.good)}>
            {step.done ? <CheckmarkCircleFilled /> : <CircleRegular />}
          </span>
          <div className={styles.words}>
            <strong>{words.steps[step.name]}</strong>
            <p className={styles.dim}>
              {step.done
                ? words.stepDone
                : step.name === 'enrolment' && waits
                  ? words.stepWaits
                  : words.stepHints[step.name]}
            </p>
            <Link to={`/rules/${step.rule}`}>{step.rule}</Link>
            {step.name === 'enrolment' && !step.done && (
              <span className={styles.line}>
                {waits ? (
                  <Button size="small" onClick={() => onDeed('escalate_verification')}>
                    {words.deeds.escalate_verification.title}
                  </Button>
                ) : (
                  <Button size="small" appearance="primary" onClick={() => onDeed('apply')}>
                    {words.apply}
                  </Button>
                )}
                {enrolment.state === 'rejected' && (
                  <Button size="small" onClick={() => onDeed('appeal')}>
                    {words.deeds.appeal.title}
                  </Button>
                )}
              </span>
            )}
            {step.name === 'agreement' && !step.done && (
              <Button
                size="small"
                appearance={next === 'agreement' ? 'primary' : 'secondary'}
                onClick={() => onDeed('sign_agreement')}
              >
                {words.deeds.sign_agreement.title}
              </Button>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}

/** One's own way into the program: three steps, verification, agreements by region, PartnerIDs. */
export function Enrolment() {
  const styles = useStyles();
  const words = useWords();
  const texts = useTexts();
  const me = useMe();
  const proposed = useQueryTexts().do;
  const enrolment = useQuery(enrolmentQuery(me.handle));
  const [deed, setDeed] = useState<Deed | null>(DEEDS.find(one => one === proposed) ?? null);
  const close = () => setDeed(null);
  return (
    <Loaded query={enrolment} lines={8}>
      {data => (
        <>
          <Section title={words.way} lead={words.wayLead}>
            <Facts
              items={[
                { label: words.kind, value: texts.roles[data.kind] ?? data.kind },
                {
                  label: words.state,
                  value: (
                    <span className={styles.line}>
                      <StateBadge state={data.state} />
                      <When at={data.since} />
                      {data.state !== 'active' && (
                        <span className={styles.dim}>{words.businessDays(data.businessDays)}</span>
                      )}
                    </span>
                  ),
                },
                { label: words.place, value: [data.country, data.region].filter(Boolean).join(' · ') },
              ]}
            />
            <Steps enrolment={data} onDeed={setDeed} />
          </Section>
          {data.judgements.length > 0 && (
            <Section title={words.verification} lead={words.verificationLead}>
              <Facts
                items={data.judgements.map((one, index) => ({
                  label: `${index + 1}. ${words.requirements[one.requirement] ?? one.requirement.replaceAll('_', ' ')}`,
                  value: (
                    <span className={styles.line}>
                      <StateBadge
                        state={one.passed ? 'accepted' : 'rejected'}
                        label={one.passed ? words.passed : words.failed}
                      />
                      <When at={one.day} />
                      <span className={styles.dim}>{one.evidence}</span>
                    </span>
                  ),
                }))}
              />
            </Section>
          )}
          <Section title={words.agreements} lead={words.agreementsLead}>
            <ul className={styles.list}>
              {data.agreements.map(one => (
                <li key={one.account} className={styles.row} data-agreement={one.region ?? one.country}>
                  <span>
                    <span className={styles.line}>
                      <strong>{one.region ?? one.country}</strong>
                      <StateBadge state={one.agreement} />
                    </span>
                    <span className={styles.dim}>
                      {one.account}
                      {one.accepted !== undefined && (
                        <>
                          {' · '}
                          {words.signed} <When at={one.accepted} />
                        </>
                      )}
                      {one.signer !== undefined && ` · ${one.signer}`}
                    </span>
                  </span>
                  {one.agreement !== 'accepted' &&
                    (one.account === data.name ? (
                      <Button size="small" onClick={() => setDeed('sign_agreement')}>
                        {words.deeds.sign_agreement.title}
                      </Button>
                    ) : (
                      <span className={styles.dim}>{words.otherAccount}</span>
                    ))}
                </li>
              ))}
            </ul>
          </Section>
          <Section
            title={words.partnerIds}
            lead={words.partnerIdsLead}
            actions={
              <>
                <Button onClick={() => setDeed('add_location')}>{words.deeds.add_location.title}</Button>
                <Button onClick={() => setDeed('associate_location')}>{words.deeds.associate_location.title}</Button>
              </>
            }
          >
            <ul className={styles.list}>
              {data.locations.map(one => (
                <li key={one.partnerId} className={styles.row}>
                  <span>
                    <strong>{one.partnerId}</strong>{' '}
                    <span className={styles.dim}>
                      {one.name} · {one.country} · {words.places[one.kind] ?? one.kind}
                    </span>
                  </span>
                  <span className={styles.line}>
                    {one.accounts.map(account => (
                      <span key={account} className={styles.dim}>
                        {account}
                      </span>
                    ))}
                    <StateBadge state={one.state} />
                  </span>
                </li>
              ))}
            </ul>
          </Section>
          {deed === 'apply' && <Application enrolment={data} onClose={close} />}
          {deed !== null && deed !== 'apply' && <Small key={deed} deed={deed} onClose={close} />}
        </>
      )}
    </Loaded>
  );
}
