import { Button, Checkbox, Input, makeStyles, MessageBar, MessageBarBody, tokens } from '@fluentui/react-components';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useDeferredValue, useMemo, useState } from 'react';

import { useMe } from '../../api/queries';
import {
  command,
  Confirm,
  Copy,
  Count,
  DataTable,
  Empty,
  Field,
  Link,
  Loaded,
  Preview,
  Section,
  StateBadge,
  useAct,
  useMay,
  useQueryTexts,
  useRows,
  When,
  type Column,
  type Deal,
} from '../../parts';
import { hangingQuery, tiesQuery, type Tie } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  list: { margin: 0, paddingInlineStart: tokens.spacingHorizontalXL, display: 'grid', gap: tokens.spacingVerticalXS },
  dim: { color: tokens.colorNeutralForeground2, margin: 0 },
});

type Verb =
  | 'invite_partner'
  | 'accept_partnership'
  | 'decline_partnership'
  | 'withdraw_partnership'
  | 'remove_partnership'
  | 'request_partnership_removal';

/** What the other side is called in a command. */
const OTHER: Record<Verb, 'partner' | 'provider'> = {
  invite_partner: 'partner',
  accept_partnership: 'provider',
  decline_partnership: 'provider',
  withdraw_partnership: 'partner',
  remove_partnership: 'partner',
  request_partnership_removal: 'provider',
};

/** Where an invitation is accepted. */
const linkOf = (provider: string) =>
  `${window.location.origin}/portal/onboarding?do=accept_partnership&provider=${encodeURIComponent(provider)}`;

/** An act between a provider and a reseller, with what follows from it. */
function Window(props: { verb: Verb; other: string; onClose: () => void; onInvited: (partner: string) => void }) {
  const styles = useStyles();
  const words = useWords();
  const { verb } = props;
  const said = words.ties[verb];
  const [typed, setTyped] = useState(props.other);
  const [isSure, setSure] = useState(false);
  const other = useDeferredValue(typed.trim());
  const isRemoval = verb === 'remove_partnership';
  const asksSure = isRemoval || verb === 'accept_partnership';
  const hanging = useQuery({ ...hangingQuery(other), enabled: isRemoval });
  const params: Record<string, unknown> = {
    [OTHER[verb]]: other,
    ...(isRemoval ? { good_faith: isSure } : verb === 'accept_partnership' ? { confirmed: isSure } : {}),
  };
  // Before it is confirmed the rehearsal takes the confirmation for given: its consequences are what is asked for.
  const rehearsed = isRemoval
    ? { ...params, good_faith: true }
    : verb === 'accept_partnership'
      ? { ...params, confirmed: true }
      : params;
  const deal: Deal | null =
    other === '' || (isRemoval && hanging.data === undefined) ? null : { verb, params: rehearsed };
  const then = isRemoval
    ? (hanging.data ?? []).map(one => ({
        verb: 'order',
        params: { customer: one.customer, item: one.item, quantity: 1, partner_of_record: other },
      }))
    : [];
  const may = useMay(deal, then);
  const act = useAct((input: Record<string, unknown>, id) => command(verb, input, id));
  return (
    <Confirm
      open
      title={said.title}
      confirm={said.go}
      act={act}
      input={params}
      disabled={!may || (asksSure && !isSure)}
      onClose={props.onClose}
      onDone={() => {
        props.onClose();
        if (verb === 'invite_partner') props.onInvited(other);
      }}
    >
      <span>{said.about}</span>
      {verb === 'invite_partner' ? (
        <Field label={words.partner} rule={words.partnerRule} name="partner" trouble={act.trouble} required>
          <Input value={typed} onChange={(_, data) => setTyped(data.value)} />
        </Field>
      ) : (
        <strong>{typed}</strong>
      )}
      {deal !== null && (
        <Preview deal={deal} then={then} money={false}>
          {({ then: decided }) =>
            isRemoval && (
              <div data-consequences={decided.length}>
                <strong>{words.consequences}</strong>
                <ul className={styles.list}>
                  {words.follows.map(line => (
                    <li key={line}>{line}</li>
                  ))}
                  {decided.map((decision, index) => {
                    const one = hanging.data?.[index];
                    const rule = decision.violations[0]?.rule;
                    if (one === undefined) return null;
                    return (
                      <li key={one.id}>
                        {decision.allowed
                          ? words.goesOn(one.customerTitle)
                          : words.noMore(one.customerTitle, decision.violations[0]?.refusal ?? '')}{' '}
                        {rule !== undefined && <Link to={`/rules/${rule}`}>{rule}</Link>}
                      </li>
                    );
                  })}
                </ul>
              </div>
            )
          }
        </Preview>
      )}
      {asksSure && (
        <Checkbox
          label={isRemoval ? words.goodFaith : words.confirmed}
          checked={isSure}
          onChange={(_, data) => setSure(data.checked === true)}
        />
      )}
    </Confirm>
  );
}

const VERBS = Object.keys(OTHER) as Verb[];

/** For a provider its resellers, for a reseller its providers: invitations, states, ends. */
export function Partnerships() {
  const styles = useStyles();
  const words = useWords();
  const me = useMe();
  const first = useQueryTexts();
  const proposed = VERBS.find(verb => verb === first.do);
  const [open, setOpen] = useState<{ verb: Verb; other: string } | null>(
    proposed === undefined ? null : { verb: proposed, other: first[OTHER[proposed]] ?? '' },
  );
  const [invited, setInvited] = useState<string | null>(null);
  const isProvider = me.role === 'indirect_provider';
  const query = useInfiniteQuery(tiesQuery);
  const { rows, onEnd } = useRows(query);
  const columns = useMemo<Column<Tie>[]>(() => {
    const button = (row: Tie, verb: Verb, isMain = false) => (
      <Button
        key={verb}
        size="small"
        appearance={isMain ? 'primary' : 'secondary'}
        onClick={() => setOpen({ verb, other: row.name })}
      >
        {words.ties[verb].short}
      </Button>
    );
    const deeds = (row: Tie) => {
      if (row.state === 'invited') {
        return isProvider
          ? [button(row, 'withdraw_partnership'), <Copy key="copy" text={linkOf(me.handle)} label={words.link} />]
          : [button(row, 'accept_partnership', true), button(row, 'decline_partnership')];
      }
      if (row.state !== 'active') return isProvider ? [button(row, 'invite_partner')] : [];
      return [button(row, isProvider ? 'remove_partnership' : 'request_partnership_removal')];
    };
    return [
      {
        id: 'title',
        label: isProvider ? words.reseller : words.provider,
        width: 'minmax(12rem, 1.2fr)',
        cell: row => row.title,
      },
      { id: 'country', label: words.country, width: '4.5rem', wideOnly: true, cell: row => row.country },
      { id: 'state', label: words.state, width: '7rem', cell: row => <StateBadge state={row.state} /> },
      { id: 'since', label: words.since, width: '7.5rem', cell: row => <When at={row.since} grain="day" /> },
      ...(isProvider
        ? [
            {
              id: 'agreement',
              label: words.agreement,
              width: '7rem',
              cell: (row: Tie) => <StateBadge state={row.agreement ?? 'none'} />,
            },
          ]
        : []),
      { id: 'customers', label: words.customers, width: '6rem', end: true, cell: row => <Count of={row.customers} /> },
      {
        id: 'deeds',
        label: words.act,
        width: '13rem',
        cell: row => <span className={styles.line}>{deeds(row)}</span>,
      },
    ];
  }, [words, styles, isProvider, me.handle]);
  return (
    <Section
      title={isProvider ? words.resellers : words.providers}
      lead={isProvider ? words.resellersLead : words.providersLead}
      actions={
        isProvider ? (
          <Button appearance="primary" onClick={() => setOpen({ verb: 'invite_partner', other: '' })}>
            {words.ties.invite_partner.title}
          </Button>
        ) : undefined
      }
      bare
    >
      {invited !== null && (
        <MessageBar intent="success" layout="multiline" data-invited={invited}>
          <MessageBarBody style={{ overflowWrap: 'anywhere' }}>
            {words.invitedNow(invited)} <code>{linkOf(me.handle)}</code>{' '}
            <Copy text={linkOf(me.handle)} label={words.link} />
          </MessageBarBody>
        </MessageBar>
      )}
      <Loaded query={query}>
        {() => (
          <DataTable
            name={isProvider ? words.resellers : words.providers}
            rows={rows}
            columns={columns}
            rowKey={row => row.id}
            onEnd={onEnd}
            height="28rem"
            empty={<Empty title={words.noTies} hint={isProvider ? words.noResellersHint : words.noProvidersHint} />}
          />
        )}
      </Loaded>
      {open !== null && (
        <Window key={`${open.verb} ${open.other}`} {...open} onClose={() => setOpen(null)} onInvited={setInvited} />
      )}
    </Section>
  );
}
