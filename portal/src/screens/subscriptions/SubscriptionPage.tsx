import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { useMe } from '../../api/queries';
import {
  Amount,
  Count,
  DataTable,
  Empty,
  Facts,
  Link,
  Loaded,
  Page,
  Section,
  StateBadge,
  useParam,
  useQueryTexts,
  useRows,
  When,
  type Column,
} from '../../parts';
import { useTexts } from '../../texts';
import { DEEDS, DeedWindow, type Deed } from './Deeds';
import { historyQuery, outlookQuery, type Outlook } from './queries';
import { Seats } from './Seats';
import { useWords } from './texts';
import { Transfers } from './Transfers';

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  dim: { margin: 0, color: tokens.colorNeutralForeground2 },
});

/** What can be done with it; the server says whether. */
function Deeds(props: { outlook: Outlook }) {
  const styles = useStyles();
  const words = useWords();
  const first = useQueryTexts();
  const proposed = DEEDS.find(deed => deed === first.do) ?? null;
  const [open, setOpen] = useState<Deed | null>(proposed);
  const { outlook } = props;
  const isSuspended = outlook.state === 'suspended';
  const shown = DEEDS.filter(
    deed =>
      deed !== (isSuspended ? 'suspend' : 'reactivate') &&
      (deed !== 'upgrade' || outlook.upgrades.length > 0) &&
      (deed !== 'convert_trial' || outlook.paid !== undefined),
  );
  return (
    <Section title={words.deeds} lead={words.deedsLead}>
      <div className={styles.line}>
        {shown.map(deed => (
          <Button key={deed} onClick={() => setOpen(deed)}>
            {deed === 'set_renewal' ? (outlook.renews ? words.renewalOff : words.renewalOn) : words.verbs[deed]}
          </Button>
        ))}
      </div>
      {open !== null && <DeedWindow key={open} deed={open} outlook={outlook} onClose={() => setOpen(null)} />}
    </Section>
  );
}

function History(props: { id: string }) {
  const words = useWords();
  const texts = useTexts();
  const query = useInfiniteQuery(historyQuery(props.id));
  const { rows, onEnd } = useRows(query);
  type Row = (typeof rows)[number];
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'at', label: words.when, width: '11rem', cell: row => <When at={row.at} /> },
      {
        id: 'what',
        label: words.what,
        width: 'minmax(10rem, 0.7fr)',
        cell: row => words.operations[row.operation] ?? row.operation.replaceAll('_', ' '),
      },
      {
        id: 'changes',
        label: words.changed,
        width: 'minmax(14rem, 1fr)',
        cell: row =>
          row.succeeded ? (
            row.changes
              .map(one => `${one.field}: ${one.from ?? texts.parts.none} → ${one.to ?? texts.parts.none}`)
              .join(', ')
          ) : row.rule === undefined ? (
            <StateBadge state="failed" />
          ) : (
            <Link to={`/rules/${row.rule}`}>{row.rule}</Link>
          ),
      },
      { id: 'by', label: words.by, width: 'minmax(9rem, 0.7fr)', cell: row => row.user ?? row.partner },
    ],
    [words, texts],
  );
  return (
    <Section title={words.history} bare>
      <Loaded query={query}>
        {() => (
          <DataTable
            name={words.history}
            rows={rows}
            columns={columns}
            rowKey={row => `${row.id} ${row.partner}`}
            onEnd={onEnd}
            height="22rem"
            empty={<Empty title={words.noHistory} hint={words.noHistoryHint} />}
          />
        )}
      </Loaded>
    </Section>
  );
}

function Detail(props: { outlook: Outlook }) {
  const styles = useStyles();
  const words = useWords();
  const me = useMe();
  const { outlook } = props;
  const { nextTerm } = outlook;
  const isSeller = me.handle === outlook.seller;
  const next = [
    nextTerm?.quantity !== undefined && words.seatsOf(nextTerm.quantity),
    nextTerm?.item,
    nextTerm?.term !== undefined && (words.terms[nextTerm.term] ?? nextTerm.term),
    nextTerm?.frequency !== undefined && (words.frequencies[nextTerm.frequency] ?? nextTerm.frequency),
  ].filter(Boolean);
  return (
    <>
      <Section title={words.about}>
        <Facts
          items={[
            {
              label: words.customer,
              value:
                me.role === 'customer' ? (
                  outlook.customerTitle
                ) : (
                  <Link to={`/customers/${outlook.customer}`}>{outlook.customerTitle}</Link>
                ),
            },
            { label: words.state, value: <StateBadge state={outlook.state} /> },
            { label: words.seats, value: <Count of={outlook.quantity} /> },
            { label: words.term, value: words.terms[outlook.term] ?? outlook.term },
            { label: words.billed, value: words.frequencies[outlook.frequency] ?? outlook.frequency },
            { label: words.price, value: outlook.unitPrice && <Amount of={outlook.unitPrice} /> },
            { label: words.soldBy, value: [outlook.seller, outlook.reseller].filter(Boolean).join(' · ') },
            { label: words.bought, value: <When at={outlook.bought} /> },
            {
              label: words.termEnd,
              value: outlook.termEnd && (
                <span className={styles.line}>
                  <When at={outlook.termEnd} from={outlook.now} />
                  <StateBadge
                    state={outlook.renews ? 'active' : 'none'}
                    label={outlook.renews ? words.renewsItself : words.endsThen}
                  />
                </span>
              ),
            },
            { label: words.nextTerm, value: next.length > 0 && next.join(' · ') },
            {
              label: words.cancelling,
              value: outlook.cancelUntil && (
                <>
                  {outlook.cancelOpen ? words.openUntil : words.closedSince}{' '}
                  <When at={outlook.cancelUntil} from={outlook.now} />
                </>
              ),
            },
            { label: words.shortName, value: outlook.name },
          ].map(fact => ({ ...fact, value: fact.value === false ? null : fact.value }))}
        />
      </Section>
      {isSeller && outlook.state !== 'deleted' && <Deeds outlook={outlook} />}
      <Seats outlook={outlook} />
      {isSeller && <Transfers customer={outlook.customer} />}
      <History id={outlook.name} />
    </>
  );
}

/** A subscription: what it is, what can be done with it and until when, what comes and what was. */
export default function SubscriptionPage() {
  const words = useWords();
  const id = useParam('id');
  const outlook = useQuery(outlookQuery(id));
  const title = outlook.data === undefined ? id : `${outlook.data.title} · ${outlook.data.customerTitle}`;
  return (
    <Page title={title} back={{ to: '/subscriptions', label: words.all }}>
      <Loaded query={outlook} lines={10}>
        {data => <Detail key={data.id} outlook={data} />}
      </Loaded>
    </Page>
  );
}
