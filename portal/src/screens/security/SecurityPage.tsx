import { Badge, Input, makeStyles, ProgressBar, Select, Textarea, tokens } from '@fluentui/react-components';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { useMe } from '../../api/queries';
import {
  command,
  DataTable,
  Empty,
  Field,
  fits,
  Form,
  Link,
  Loaded,
  Page,
  Search,
  Section,
  StateBadge,
  useAct,
  useDraft,
  useGo,
  useInAddress,
  useRows,
  When,
  type Column,
} from '../../parts';
import { useTexts } from '../../texts';
import {
  alertsQuery,
  KINDS,
  LEVELS,
  postureQuery,
  type Alert,
  type CallDay,
  type Finding,
  type Posture,
} from './queries';
import { useWords } from './texts';

const STATUSES = ['active', 'investigating', 'resolved'];
const FIRST_KIND: string = KINDS[0];

const useStyles = makeStyles({
  shares: {
    display: 'grid',
    gap: tokens.spacingHorizontalXXL,
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 16rem), 1fr))',
  },
  share: { display: 'grid', gap: tokens.spacingVerticalXS, alignContent: 'start' },
  figure: {
    fontSize: tokens.fontSizeHero700,
    fontWeight: tokens.fontWeightSemibold,
    lineHeight: tokens.lineHeightHero700,
  },
  dim: { margin: 0, color: tokens.colorNeutralForeground2 },
  findings: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalL },
  finding: { display: 'grid', gap: tokens.spacingVerticalXXS, maxWidth: '75ch' },
  head: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalS },
});

/** So many of so many, as a figure and as a bar. */
function Share(props: { label: string; part: number; of: number; note?: string }) {
  const styles = useStyles();
  const words = useWords();
  const { label, part, of } = props;
  return (
    <div className={styles.share}>
      <span>{label}</span>
      <span className={styles.figure}>{words.share(part, of)}</span>
      <ProgressBar
        aria-label={label}
        value={of === 0 ? 1 : part / of}
        color={part === of ? 'success' : 'warning'}
        thickness="large"
      />
      {props.note !== undefined && <p className={styles.dim}>{props.note}</p>}
    </div>
  );
}

function Findings(props: { all: Finding[] }) {
  const styles = useStyles();
  const words = useWords();
  if (props.all.length === 0) return <Empty title={words.noFindings} hint={words.noFindingsHint} />;
  return (
    <ul className={styles.findings}>
      {props.all.map(one => (
        <li key={`${one.kind} ${one.subject ?? ''}`} className={styles.finding}>
          <span className={styles.head}>
            <Badge appearance="tint" color={one.required ? 'danger' : 'informative'} shape="rounded">
              {one.required ? words.required : words.advised}
            </Badge>
            <strong>{words.finding[one.kind]?.(one.subject ?? '', one.count ?? 0) ?? one.kind}</strong>
            <Link to={`/rules/${one.rule}`}>{one.rule}</Link>
          </span>
          <p className={styles.dim}>{words.advice[one.kind]}</p>
        </li>
      ))}
    </ul>
  );
}

/** A global admin names whom the operator turns to. */
function Contact(props: { now: string | undefined }) {
  const words = useWords();
  const [draft, change, forget] = useDraft(`security.contact ${useMe().handle}`, { contact: '' });
  const act = useAct((contact: string, id) => command('update_profile', { security_contact: contact }, id));
  const submit = async () => {
    if ((await act.run(draft.contact.trim())) !== undefined) forget();
  };
  return (
    <Section title={words.contact} lead={words.contactLead}>
      {props.now !== undefined && <span>{words.contactNow(props.now)}</span>}
      <Form
        submit={words.name}
        busy={act.busy}
        trouble={act.trouble}
        onSubmit={() => void submit()}
        disabled={draft.contact.trim() === ''}
      >
        <Field label={words.contact} rule={words.contactRule} name="security_contact" trouble={act.trouble} required>
          <Input type="email" value={draft.contact} onChange={(_, data) => change({ contact: data.value })} />
        </Field>
      </Form>
    </Section>
  );
}

function Calls(props: { of: Posture['calls'] }) {
  const words = useWords();
  const columns = useMemo<Column<CallDay>[]>(
    () => [
      {
        id: 'day',
        label: words.day,
        width: '8rem',
        sort: row => row.day,
        cell: row => <When at={row.day} grain="day" />,
      },
      {
        id: 'application',
        label: words.application,
        width: 'minmax(10rem, 1.6fr)',
        cell: row =>
          row.portal ? words.portal : (row.title ?? (row.application === '' ? words.others : row.application)),
      },
      { id: 'all', label: words.all, width: '8rem', sort: row => row.total, cell: row => row.total },
      { id: 'with', label: words.with, width: '10rem', sort: row => row.with_mfa, cell: row => row.with_mfa },
    ],
    [words],
  );
  return (
    <DataTable
      name={words.calls}
      rows={props.of.days}
      columns={columns}
      rowKey={row => `${row.day} ${row.application}`}
      height="16rem"
      empty={<Empty title={words.noCalls} hint={words.noCallsHint} />}
    />
  );
}

/** What a partner's security comes to. */
function Works(props: { partner: string; isOwn: boolean }) {
  const styles = useStyles();
  const words = useWords();
  const posture = useQuery(postureQuery(props.partner));
  return (
    <Loaded query={posture} lines={6}>
      {data => (
        <>
          <Section title={props.isOwn ? words.factor : data.partner_title}>
            {data.exempt && <p className={styles.dim}>{words.exempt}</p>}
            <div className={styles.shares}>
              <Share label={words.accounts} part={data.accounts.with_mfa} of={data.accounts.total} />
              <Share
                label={words.calls}
                part={data.calls.with_mfa}
                of={data.calls.total}
                note={words.callsLead(data.calls.since)}
              />
            </div>
            <Calls of={data.calls} />
          </Section>
          <Section title={words.findings}>
            <Findings all={data.findings} />
          </Section>
          {props.isOwn && <Contact now={data.contact} />}
        </>
      )}
    </Loaded>
  );
}

/** The operator asks for one partner's. */
function Named() {
  const words = useWords();
  const [partner, setPartner] = useInAddress('partner');
  const [draft, change] = useDraft('security.partner', { partner });
  return (
    <>
      <Section title={words.posture}>
        <Form
          submit={words.show}
          busy={false}
          trouble={null}
          onSubmit={() => setPartner(draft.partner.trim())}
          disabled={draft.partner.trim() === ''}
        >
          <Field label={words.partner} rule={words.partnerRule} name="partner" trouble={null} required>
            <Input value={draft.partner} onChange={(_, data) => change({ partner: data.value })} />
          </Field>
        </Form>
      </Section>
      {partner !== '' && <Works key={partner} partner={partner} isOwn={false} />}
    </>
  );
}

/** The operator tells a partner of what was detected. */
function Report() {
  const words = useWords();
  const go = useGo();
  const [draft, change, forget] = useDraft('security.report', {
    subscription: '',
    kind: FIRST_KIND,
    severity: 'medium',
    title: '',
    description: '',
    resource: '',
  });
  const act = useAct((params: Record<string, string>, id) => command('report_fraud', params, id));
  const submit = async () => {
    const said = Object.entries(draft).filter(([, value]) => value.trim() !== '');
    const done = await act.run(Object.fromEntries(said));
    if (done === undefined) return;
    forget();
    go(`/security/${(done as { fraud_event: string }).fraud_event}`);
  };
  const { trouble } = act;
  return (
    <Section title={words.report} lead={words.reportLead}>
      <Form
        submit={words.report}
        busy={act.busy}
        trouble={trouble}
        onSubmit={() => void submit()}
        disabled={draft.subscription.trim() === ''}
      >
        <Field label={words.subscription} rule={words.subscriptionRule} name="subscription" trouble={trouble} required>
          <Input value={draft.subscription} onChange={(_, data) => change({ subscription: data.value })} />
        </Field>
        <Field label={words.kind} name="kind" trouble={trouble} required>
          <Select value={draft.kind} onChange={(_, data) => change({ kind: data.value })}>
            {KINDS.map(kind => (
              <option key={kind} value={kind}>
                {words.kinds[kind]}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={words.severity} name="severity" trouble={trouble} required>
          <Select value={draft.severity} onChange={(_, data) => change({ severity: data.value })}>
            {LEVELS.map(level => (
              <option key={level} value={level}>
                {words.levels[level]}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={words.title} name="title" trouble={trouble}>
          <Input value={draft.title} onChange={(_, data) => change({ title: data.value })} />
        </Field>
        <Field label={words.resource} rule={words.resourceRule} name="resource" trouble={trouble}>
          <Input value={draft.resource} onChange={(_, data) => change({ resource: data.value })} />
        </Field>
        <Field label={words.description} name="description" trouble={trouble}>
          <Textarea rows={3} value={draft.description} onChange={(_, data) => change({ description: data.value })} />
        </Field>
      </Form>
    </Section>
  );
}

/** How each state looks: as one of the program that is as urgent. */
const URGENCY = { active: 'denied', investigating: 'pending', resolved: 'done' } as const;

/** How far an alert is. */
export function AlertState(props: { of: Alert }) {
  const words = useWords();
  const { status } = props.of;
  return <StateBadge state={URGENCY[status]} {...named(words.states[status])} />;
}

/** A badge's own name, where there is one. */
const named = (label: string | undefined) => (label === undefined ? {} : { label });

/** Alerts of fraud: of what a partner sold, of a reseller's customers, or all of them for the operator. */
function Alerts(props: { isOperator: boolean; lead?: string }) {
  const texts = useTexts();
  const words = useWords();
  const go = useGo();
  const [search, setSearch] = useInAddress('search');
  const [status, setStatus] = useInAddress('status');
  const alerts = useInfiniteQuery(alertsQuery(status));
  const { rows, onEnd } = useRows(alerts);
  const { isOperator } = props;
  const columns = useMemo<Column<Alert>[]>(
    () => [
      {
        id: 'title',
        label: words.title,
        width: 'minmax(12rem, 1.6fr)',
        sort: row => row.title,
        cell: row => <Link to={`/security/${row.id}`}>{row.title}</Link>,
      },
      ...(isOperator
        ? [
            {
              id: 'partner',
              label: words.partner,
              width: 'minmax(9rem, 1fr)',
              sort: (row: Alert) => row.partner_title,
              cell: (row: Alert) => row.partner_title,
            },
          ]
        : []),
      {
        id: 'customer',
        label: words.customer,
        width: 'minmax(9rem, 1fr)',
        sort: row => row.customer_title,
        cell: row => row.customer_title,
      },
      {
        id: 'severity',
        label: words.severity,
        width: '6rem',
        sort: row => LEVELS.findIndex(one => one === row.severity),
        cell: row => words.levels[row.severity],
      },
      { id: 'status', label: words.status, width: '9rem', cell: row => <AlertState of={row} /> },
      {
        id: 'last',
        label: words.last,
        width: '10rem',
        sort: row => row.last_observed,
        cell: row => <When at={row.last_observed} />,
      },
    ],
    [words, isOperator],
  );
  const found = rows.filter(row =>
    fits(search, row.title, row.customer_title, row.partner_title, row.resource, words.kinds[row.kind]),
  );
  return (
    <Section title={words.alerts} {...(props.lead === undefined ? {} : { lead: props.lead })}>
      <Search
        label={words.search}
        value={search}
        onChange={setSearch}
        shown={found.length}
        all={rows.length}
        isMore={alerts.hasNextPage}
      >
        <Select aria-label={words.status} value={status} onChange={(_, data) => setStatus(data.value)}>
          <option value="">{words.allStatuses}</option>
          {STATUSES.map(one => (
            <option key={one} value={one}>
              {words.states[one]}
            </option>
          ))}
        </Select>
      </Search>
      <Loaded query={alerts} lines={3}>
        {() => (
          <DataTable
            name={words.alerts}
            rows={found}
            columns={columns}
            rowKey={row => row.id}
            onOpen={row => go(`/security/${row.id}`)}
            onEnd={onEnd}
            height="16rem"
            empty={
              rows.length === 0 ? (
                <Empty title={words.nothing} hint={words.nothingHint} />
              ) : (
                <Empty title={texts.parts.noMatch} hint={texts.parts.noMatchHint} />
              )
            }
          />
        )}
      </Loaded>
    </Section>
  );
}

/** How safely a partner works, and what has happened at its customers. */
export default function SecurityPage() {
  const texts = useTexts();
  const words = useWords();
  const { role } = useMe();
  if (role === 'operator') {
    return (
      <Page title={texts.screens.security} lead={words.leadOperator}>
        <Alerts isOperator />
        <Named />
        <Report />
      </Page>
    );
  }
  const isReseller = role === 'indirect_reseller';
  return (
    <Page title={texts.screens.security} lead={isReseller ? words.leadReseller : words.lead}>
      <Alerts isOperator={false} {...(isReseller ? {} : { lead: words.alertsLead })} />
      <Works partner="" isOwn />
    </Page>
  );
}
