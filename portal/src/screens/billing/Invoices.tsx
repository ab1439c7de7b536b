import { Select } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { useMe } from '../../api/queries';
import {
  Amount,
  DataTable,
  Empty,
  fits,
  Link,
  Loaded,
  Search,
  StateBadge,
  useGo,
  useInAddress,
  When,
  type Column,
} from '../../parts';
import { useTexts } from '../../texts';
import { invoicesQuery, type Invoice, type Side } from './queries';
import { useMonth, useWords } from './texts';

/** The directions that somebody has: a reseller is billed and bills, a customer is billed only, the operator bills only. */
function sidesOf(role: string): Side[] {
  if (role === 'operator') return ['issued'];
  return role === 'customer' ? ['received'] : ['received', 'issued'];
}

/** The bills of every edge that the caller stands at. */
export function Invoices() {
  const texts = useTexts();
  const words = useWords();
  const monthName = useMonth();
  const go = useGo();
  const sides = sidesOf(useMe().role);
  const [chosen, chooseSide] = useInAddress('side');
  const side = sides.find(one => one === chosen) ?? sides[0] ?? 'received';
  const [search, setSearch] = useInAddress('search');
  const [month, setMonth] = useInAddress('month');
  const [state, setState] = useInAddress('state');
  const invoices = useQuery(invoicesQuery(side));

  const columns = useMemo<Column<Invoice>[]>(
    () => [
      {
        id: 'id',
        label: words.invoice,
        width: 'minmax(9rem, 1fr)',
        sort: row => row.id,
        cell: row => <Link to={`/billing/invoices/${row.id}`}>{row.id}</Link>,
      },
      {
        id: 'with',
        label: side === 'issued' ? words.to : words.from,
        width: 'minmax(7rem, 1fr)',
        sort: row => (side === 'issued' ? row.recipient : row.issuer),
        cell: row => (side === 'issued' ? row.recipient : row.issuer),
      },
      {
        id: 'month',
        label: words.month,
        width: '6.5rem',
        sort: row => row.month,
        cell: row => monthName(row.month),
      },
      {
        id: 'kind',
        label: words.kind,
        width: '8rem',
        wideOnly: true,
        sort: row => row.kind,
        cell: row => (row.document === 'invoice' ? words.kinds[row.kind] : words.documents[row.document]) ?? row.kind,
      },
      { id: 'due', label: words.due, width: '7rem', sort: row => row.due, cell: row => <When at={row.due} /> },
      {
        id: 'state',
        label: words.state,
        width: '7rem',
        sort: row => row.state,
        cell: row => <StateBadge state={row.state} />,
      },
      { id: 'amount', label: words.amount, width: '7.5rem', end: true, cell: row => <Amount of={row.amount} /> },
    ],
    [words, side, monthName],
  );

  return (
    <Loaded query={invoices} lines={8}>
      {items => {
        const months = [...new Set(items.map(row => row.month))].sort().reverse();
        const states = [...new Set(items.map(row => row.state))].sort();
        const found = items
          .filter(
            row =>
              (month === '' || row.month === month) &&
              (state === '' || row.state === state) &&
              fits(search, row.id, row.issuer, row.recipient, row.amount),
          )
          .reverse();
        return (
          <>
            <Search label={words.search} value={search} onChange={setSearch} shown={found.length} all={items.length}>
              {sides.length > 1 && (
                <Select aria-label={words.side} value={side} onChange={(_, data) => chooseSide(data.value)}>
                  {sides.map(one => (
                    <option key={one} value={one}>
                      {words.sides[one]}
                    </option>
                  ))}
                </Select>
              )}
              <Select aria-label={words.month} value={month} onChange={(_, data) => setMonth(data.value)}>
                <option value="">{words.allMonths}</option>
                {months.map(one => (
                  <option key={one} value={one}>
                    {monthName(one)}
                  </option>
                ))}
              </Select>
              <Select aria-label={words.state} value={state} onChange={(_, data) => setState(data.value)}>
                <option value="">{words.allStates}</option>
                {states.map(one => (
                  <option key={one} value={one}>
                    {texts.states[one] ?? one}
                  </option>
                ))}
              </Select>
            </Search>
            <DataTable
              name={words.sides[side]}
              rows={found}
              columns={columns}
              rowKey={row => row.id}
              onOpen={row => go(`/billing/invoices/${row.id}`)}
              empty={
                items.length === 0 ? (
                  <Empty title={words.noInvoices} hint={words.noInvoicesHint} />
                ) : (
                  <Empty title={texts.parts.noMatch} hint={texts.parts.noMatchHint} />
                )
              }
            />
          </>
        );
      }}
    </Loaded>
  );
}
