import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { useMe } from '../../api/queries';
import {
  Amount,
  command,
  Confirm,
  DataTable,
  Empty,
  Facts,
  Link,
  Loaded,
  Page,
  Preview,
  Section,
  StateBadge,
  useAct,
  useInAddress,
  useMay,
  useParam,
  useQueryTexts,
  Views,
  When,
  type Column,
} from '../../parts';
import { useTexts } from '../../texts';
import { SubscriptionTable } from '../subscriptions/SubscriptionTable';
import { Transfers } from '../subscriptions/Transfers';
import { AgreementTab } from './AgreementTab';
import { DelegationTab } from './DelegationTab';
import { Answering, OwnAgreement } from './OwnTies';
import { ProfileTab } from './ProfileTab';
import { customerQuery, invoicesQuery, ordersQuery } from './queries';
import { SupportTab } from './SupportTab';
import { useWords } from './texts';
import { useTies } from './ties';
import { Timeline } from './Timeline';
import { UsersTab } from './UsersTab';

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  body: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, minWidth: 0 },
  dim: { color: tokens.colorNeutralForeground2, margin: 0 },
});

/** Who serves the customer. */
function Relationships(props: { customer: string; isOwn: boolean }) {
  const styles = useStyles();
  const words = useWords();
  const texts = useTexts();
  const { map, ties: rows } = useTies(props.customer);
  type Row = (typeof rows)[number];
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'partner', label: words.partner, width: 'minmax(14rem, 1fr)', cell: row => row.partner.title },
      {
        id: 'kind',
        label: words.role,
        width: '11rem',
        cell: row => texts.roles[row.partner.kind] ?? row.partner.kind,
      },
      {
        id: 'state',
        label: words.state,
        width: props.isOwn ? '16rem' : '8rem',
        cell: row => (
          <span className={styles.line}>
            <StateBadge state={row.state} />
            {props.isOwn && row.state === 'invited' && (
              <Answering partner={row.partner.name} title={row.partner.title} />
            )}
          </span>
        ),
      },
      {
        id: 'since',
        label: words.since,
        width: '9rem',
        cell: row => (row.since === undefined ? texts.parts.none : <When at={row.since} grain="day" />),
      },
      {
        id: 'agreement',
        label: words.agreement,
        width: '10rem',
        cell: row => <StateBadge state={row.agreement ?? 'none'} />,
      },
    ],
    [words, texts, styles, props.isOwn],
  );
  return (
    <Loaded query={map}>
      {() => (
        <DataTable
          name={words.tabs.relationships}
          rows={rows}
          columns={columns}
          rowKey={row => row.from}
          height="24rem"
          empty={<Empty title={words.noRelationships} />}
        />
      )}
    </Loaded>
  );
}

function Orders(props: { customer: string }) {
  const words = useWords();
  const orders = useQuery(ordersQuery(props.customer));
  type Row = NonNullable<typeof orders.data>['items'][number];
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'at', label: words.ordered, width: '11rem', cell: row => <When at={row.creationDate} /> },
      {
        id: 'lines',
        label: words.items,
        width: 'minmax(16rem, 1fr)',
        cell: row => row.lineItems.map(line => `${line.quantity} × ${line.friendlyName}`).join(', '),
      },
      { id: 'status', label: words.state, width: '11rem', cell: row => <StateBadge state={row.status} /> },
      { id: 'id', label: words.number, width: '9rem', wideOnly: true, cell: row => row.alternateId },
    ],
    [words],
  );
  return (
    <Loaded query={orders}>
      {data => (
        <DataTable
          name={words.tabs.orders}
          rows={data.items}
          columns={columns}
          rowKey={row => row.id}
          height="30rem"
          empty={<Empty title={words.noOrders} hint={words.noOrdersHint} />}
        />
      )}
    </Loaded>
  );
}

function Invoices(props: { customer: string; side: 'issued' | 'received' }) {
  const words = useWords();
  const invoices = useQuery(invoicesQuery(props.side));
  type Row = NonNullable<typeof invoices.data>['items'][number];
  const columns = useMemo<Column<Row>[]>(
    () => [
      {
        id: 'id',
        label: words.number,
        width: 'minmax(10rem, 1fr)',
        cell: row => <Link to={`/billing/invoices/${row.id}`}>{row.id}</Link>,
      },
      { id: 'month', label: words.month, width: '8rem', cell: row => row.month.slice(0, 7) },
      { id: 'state', label: words.state, width: '8rem', cell: row => <StateBadge state={row.state} /> },
      { id: 'due', label: words.due, width: '9rem', cell: row => <When at={row.due} /> },
      { id: 'amount', label: words.amount, width: '9rem', end: true, cell: row => <Amount of={row.amount} /> },
      { id: 'open', label: words.open, width: '9rem', end: true, cell: row => <Amount of={row.open} /> },
    ],
    [words],
  );
  return (
    <Loaded query={invoices}>
      {data => (
        <DataTable
          name={words.tabs.invoices}
          rows={data.items.filter(row => row.recipient === props.customer)}
          columns={columns}
          rowKey={row => row.id}
          height="30rem"
          empty={<Empty title={words.noInvoices} hint={words.noInvoicesHint} />}
        />
      )}
    </Loaded>
  );
}

/** The relationship ends: what follows is told before. */
function Remove(props: { customer: string; title: string; onClose: () => void }) {
  const words = useWords();
  const deal = { verb: 'remove_relationship', params: { customer: props.customer } };
  const may = useMay(deal);
  const act = useAct((params: Record<string, unknown>, id) => command(deal.verb, params, id));
  return (
    <Confirm
      open
      title={words.removeTitle(props.title)}
      confirm={words.remove}
      act={act}
      input={deal.params}
      disabled={!may}
      onClose={props.onClose}
      onDone={props.onClose}
    >
      <Preview deal={deal} money={false}>
        {() => (
          <ul style={{ margin: 0 }}>
            {words.removeFollows.map(line => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        )}
      </Preview>
    </Confirm>
  );
}

/** A customer with everything that is known of it. */
export function CustomerDetail(props: { id: string }) {
  const styles = useStyles();
  const words = useWords();
  const texts = useTexts();
  const me = useMe();
  const proposed = useQueryTexts().do;
  const isOwn = me.role === 'customer';
  // The partner API is for those that transact.
  const isSeller = me.role === 'indirect_provider' || me.role === 'direct_bill';
  const isOperator = me.role === 'operator';
  const [tab, setTab] = useInAddress('tab');
  const [isRemoving, setRemoving] = useState(proposed === 'remove_relationship');
  const found = useQuery({ ...customerQuery(props.id), enabled: !isOwn });
  const one = isOwn
    ? {
        id: me.tenantId,
        name: me.handle,
        title: me.name,
        domain: undefined,
        country: me.country,
        region: undefined,
        state: undefined,
        since: undefined,
      }
    : found.data;
  const name = one?.name ?? props.id;
  // Where the relationship has ended the partner API tells nothing more of the customer.
  const isServed = isSeller && one?.state === 'active';
  const tabs = [
    'relationships',
    ...(isServed || isOwn ? ['agreement'] : []),
    ...(isServed ? ['profile'] : []),
    'subscriptions',
    ...(isServed ? ['orders'] : []),
    ...(isOperator ? [] : ['invoices']),
    'delegation',
    ...(isServed ? ['users', 'support', 'transfers'] : []),
    'timeline',
  ] as (keyof typeof words.tabs)[];
  const byDeed: Record<string, keyof typeof words.tabs> = {
    attest: 'agreement',
    accept_customer_agreement: 'agreement',
    accept_relationship: 'relationships',
    update_billing_profile: 'profile',
    request_admin: 'delegation',
    create_directory_user: 'users',
    assign_licences: 'users',
    set_support_contact: 'support',
  };
  const wanted = tab === '' && proposed !== undefined ? byDeed[proposed] : tab;
  const shown = tabs.find(each => each === wanted) ?? 'relationships';
  const isGone = !isOwn && found.data === null;
  return (
    <Page
      title={one?.title ?? props.id}
      {...(isOwn ? { lead: words.ownLead } : { back: { to: '/customers', label: words.all } })}
      actions={
        !isOwn && !isOperator && one?.state === 'active' ? (
          <Button onClick={() => setRemoving(true)}>{words.remove}</Button>
        ) : undefined
      }
    >
      {isGone ? (
        <Empty title={texts.answer.missing} />
      ) : (
        <>
          <Section title={words.about}>
            <Facts
              items={[
                { label: words.shortName, value: name },
                { label: words.domain, value: one?.domain },
                { label: words.country, value: [one?.country, one?.region].filter(Boolean).join(' · ') },
                {
                  label: words.state,
                  value: one?.state && (
                    <span className={styles.line}>
                      <StateBadge state={one.state} />
                      {one.since !== undefined && <When at={one.since} grain="day" />}
                    </span>
                  ),
                },
              ]}
            />
          </Section>
          <Views isSmall label={words.about} all={tabs} names={words.tabs} shown={shown} onChoose={setTab} />
          <div className={styles.body} role="tabpanel" aria-labelledby={`view-${shown}`}>
            {shown === 'relationships' && <Relationships customer={name} isOwn={isOwn} />}
            {shown === 'agreement' && (isOwn ? <OwnAgreement /> : <AgreementTab customer={name} />)}
            {shown === 'profile' && <ProfileTab customer={name} />}
            {shown === 'subscriptions' && <SubscriptionTable customer={name} />}
            {shown === 'orders' && <Orders customer={name} />}
            {shown === 'invoices' && <Invoices customer={name} side={isOwn ? 'received' : 'issued'} />}
            {shown === 'delegation' && <DelegationTab customer={name} />}
            {shown === 'users' && <UsersTab customer={name} />}
            {shown === 'support' && <SupportTab customer={name} />}
            {shown === 'transfers' && <Transfers customer={name} />}
            {shown === 'timeline' && <Timeline customer={name} isServed={isServed} />}
          </div>
        </>
      )}
      {isRemoving && <Remove customer={name} title={one?.title ?? name} onClose={() => setRemoving(false)} />}
    </Page>
  );
}

export default function CustomerPage() {
  const id = useParam('id');
  return <CustomerDetail key={id} id={id} />;
}
