import { makeStyles, ProgressBar, Select, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { useMe } from '../../api/queries';
import {
  Amount,
  currencyOf,
  DataTable,
  Empty,
  Facts,
  Field,
  Link,
  Loaded,
  Section,
  useInAddress,
  When,
  type Column,
} from '../../parts';
import { accountQuery, creditQuery, invoicesQuery, type Movement } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  choice: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalL, '& > *': { minWidth: '12rem' } },
  balance: {
    fontSize: tokens.fontSizeHero700,
    lineHeight: tokens.lineHeightHero700,
    fontWeight: tokens.fontWeightSemibold,
  },
  dim: { color: tokens.colorNeutralForeground2 },
  stack: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: tokens.spacingVerticalXS },
});

/** The line of credit with the operator. */
function Credit() {
  const words = useWords();
  const credit = useQuery(creditQuery);
  const { data } = credit;
  if (data === undefined || data === null) return null;
  return (
    <Section title={words.credit} lead={words.creditLead}>
      <ProgressBar
        aria-label={words.credit}
        value={data.usedPercent / 100}
        color={data.usedPercent >= 90 ? 'error' : data.usedPercent >= 75 ? 'warning' : 'brand'}
      />
      <Facts
        items={[
          { label: words.limit, value: <Amount of={data.limit} /> },
          { label: words.available, value: <Amount of={data.available} /> },
          { label: words.used, value: `${data.usedPercent} %` },
        ]}
      />
    </Section>
  );
}

function Movements(props: { title: string; rows: Movement[] }) {
  const words = useWords();
  const columns = useMemo<Column<Movement>[]>(
    () => [
      { id: 'day', label: words.day, width: '9rem', sort: row => row.day, cell: row => <When at={row.day} /> },
      {
        id: 'kind',
        label: words.what,
        width: 'minmax(8rem, 1fr)',
        cell: row => words.documents[row.kind] ?? row.kind,
      },
      {
        id: 'reference',
        label: words.reference,
        width: 'minmax(10rem, 1fr)',
        cell: row =>
          row.kind === 'payment' ? (
            row.reference
          ) : (
            <Link to={`/billing/invoices/${row.reference}`}>{row.reference}</Link>
          ),
      },
      { id: 'amount', label: words.amount, width: '9rem', end: true, cell: row => <Amount of={row.amount} /> },
      { id: 'balance', label: words.balance, width: '9rem', end: true, cell: row => <Amount of={row.balance} /> },
    ],
    [words],
  );
  if (props.rows.length === 0) return null;
  return (
    <Section title={props.title} bare>
      <DataTable
        name={props.title}
        rows={props.rows}
        columns={columns}
        rowKey={row => `${row.kind} ${row.reference} ${row.day}`}
        height="26rem"
      />
    </Section>
  );
}

/** The statement of account with another party: every bill, note and payment, with what is owed after each. */
export function Account() {
  const styles = useStyles();
  const words = useWords();
  const me = useMe();
  const received = useQuery({ ...invoicesQuery('received'), enabled: me.role !== 'operator' });
  const issued = useQuery({ ...invoicesQuery('issued'), enabled: me.role !== 'customer' });
  const all = useMemo(() => [...(received.data ?? []), ...(issued.data ?? [])], [received.data, issued.data]);
  const own = me.handle;
  const others = [...new Set(all.flatMap(row => [row.issuer, row.recipient]))].filter(name => name !== own).sort();
  const [chosen, choose] = useInAddress('with');
  const other = others.includes(chosen) ? chosen : (others[0] ?? '');
  const currencies = [
    ...new Set(all.filter(row => row.issuer === other || row.recipient === other).map(row => currencyOf(row.amount))),
  ].sort();
  const [wanted, want] = useInAddress('currency');
  const currency = currencies.includes(wanted) ? wanted : (currencies[0] ?? '');
  const account = useQuery({ ...accountQuery(other, currency), enabled: other !== '' && currency !== '' });
  const first = me.role === 'operator' ? issued : received;
  return (
    <>
      {me.role !== 'operator' && me.role !== 'customer' && <Credit />}
      <Loaded query={first} lines={6}>
        {() =>
          other === '' ? (
            <Empty title={words.noInvoices} hint={words.noInvoicesHint} />
          ) : (
            <>
              <Section title={words.account} lead={words.accountLead}>
                <div className={styles.choice}>
                  <Field label={words.with}>
                    <Select value={other} onChange={(_, data) => choose(data.value)}>
                      {others.map(one => (
                        <option key={one}>{one}</option>
                      ))}
                    </Select>
                  </Field>
                  <Field label={words.currency}>
                    <Select value={currency} onChange={(_, data) => want(data.value)}>
                      {currencies.map(one => (
                        <option key={one}>{one}</option>
                      ))}
                    </Select>
                  </Field>
                </div>
                <Loaded query={account} lines={2}>
                  {data => (
                    <div className={styles.stack}>
                      <span className={styles.dim}>{data.balance.includes('-') ? words.owedToYou : words.youOwe}</span>
                      <span className={styles.balance} data-balance={data.balance}>
                        <Amount of={data.balance.replace('-', '')} />
                      </span>
                    </div>
                  )}
                </Loaded>
              </Section>
              {account.data !== undefined && (
                <>
                  <Movements title={words.bought} rows={account.data.bought} />
                  <Movements title={words.sold} rows={account.data.sold} />
                </>
              )}
            </>
          )
        }
      </Loaded>
    </>
  );
}
