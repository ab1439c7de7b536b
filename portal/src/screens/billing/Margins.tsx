import { Select } from '@fluentui/react-components';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { useMe } from '../../api/queries';
import {
  Amount,
  Answer,
  asTrouble,
  currencyOf,
  DataTable,
  Empty,
  Field,
  Loaded,
  Loading,
  Section,
  useInAddress,
  type Column,
} from '../../parts';
import { Bars } from './Bars';
import { invoicesQuery, marginsQuery, type Margin } from './queries';
import { useMonth, useWords } from './texts';

/** Most months that the chart shows. */
const MONTHS = 6;

/** What each item sold to each buyer earned in a month. */
function Earned(props: { month: string; months: string[]; onMonth: (month: string) => void }) {
  const words = useWords();
  const monthName = useMonth();
  const margins = useQuery(marginsQuery(props.month.slice(0, 7)));
  const columns = useMemo<Column<Margin>[]>(
    () => [
      {
        id: 'buyer',
        label: words.buyer,
        width: 'minmax(11rem, 1.2fr)',
        sort: row => row.buyerName,
        cell: row => row.buyerName,
      },
      { id: 'item', label: words.item, width: 'minmax(9rem, 1fr)', sort: row => row.title, cell: row => row.title },
      { id: 'revenue', label: words.revenue, width: '8rem', end: true, cell: row => <Amount of={row.revenue} /> },
      { id: 'cost', label: words.cost, width: '8rem', end: true, cell: row => <Amount of={row.cost} /> },
      { id: 'margin', label: words.margin, width: '8rem', end: true, cell: row => <Amount of={row.margin} /> },
    ],
    [words],
  );
  return (
    <Section title={words.byBuyer} bare>
      <div style={{ maxWidth: '16rem' }}>
        <Field label={words.month}>
          <Select value={props.month} onChange={(_, data) => props.onMonth(data.value)}>
            {props.months.map(one => (
              <option key={one} value={one}>
                {monthName(one)}
              </option>
            ))}
          </Select>
        </Field>
      </div>
      <Loaded query={margins} lines={6}>
        {data => (
          <DataTable
            name={words.byBuyer}
            rows={data.items}
            columns={columns}
            rowKey={row => `${row.buyer} ${row.item} ${currencyOf(row.revenue)}`}
            height="30rem"
          />
        )}
      </Loaded>
    </Section>
  );
}

/** Margin and revenue by month, in each currency, and by buyer and item. */
export function Margins() {
  const words = useWords();
  const monthName = useMonth();
  const me = useMe();
  const invoices = useQuery(invoicesQuery('issued'));
  const months = useMemo(
    () => [...new Set((invoices.data ?? []).map(row => row.month))].sort().slice(-MONTHS),
    [invoices.data],
  );
  const [chosen, choose] = useInAddress('month');
  const all = useQueries({ queries: months.map(month => marginsQuery(month.slice(0, 7))) });
  const trouble = all.find(one => one.error !== null)?.error ?? null;
  const totals = all.flatMap((one, index) =>
    (one.data?.totals ?? []).map(total => ({ ...total, month: months[index] ?? '' })),
  );
  const currencies = [...new Set(totals.map(total => currencyOf(total.revenue)))].sort();
  const month = months.includes(chosen) ? chosen : (months.at(-1) ?? '');
  return (
    <Loaded query={invoices} lines={8}>
      {() =>
        month === '' ? (
          <Empty title={words.noMargins} hint={words.noMarginsHint} />
        ) : (
          <>
            {trouble !== null && <Answer trouble={asTrouble(trouble)} />}
            {all.some(one => one.isPending) && <Loading lines={6} />}
            {currencies.map(currency => (
              <Section
                key={currency}
                title={words.earnedIn(currency)}
                lead={me.role === 'operator' ? words.earnedLeadOperator : words.earnedLead}
              >
                <Bars
                  title={words.earnedIn(currency)}
                  first={words.month}
                  groups={totals
                    .filter(total => currencyOf(total.revenue) === currency)
                    .map(total => ({ ...total, id: total.month, label: monthName(total.month) }))}
                />
              </Section>
            ))}
            <Earned month={month} months={[...months].reverse()} onMonth={choose} />
          </>
        )
      }
    </Loaded>
  );
}
