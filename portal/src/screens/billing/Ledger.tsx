import { Select } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { useMe } from '../../api/queries';
import type { components } from '../../api/schema';
import { DataTable, Field, Loaded, Money, Section, useInAddress, type Column } from '../../parts';
import { ledgerQuery, partiesQuery } from './queries';
import { useWords } from './texts';

type Account = components['schemas']['LedgerAccountView'];

/** Whose books the operator looks at. */
function Whose(props: { value: string; onChange: (value: string) => void }) {
  const words = useWords();
  const parties = useQuery(partiesQuery).data ?? [];
  return (
    <div style={{ maxWidth: '20rem' }}>
      <Field label={words.party}>
        <Select value={props.value} onChange={(_, data) => props.onChange(data.value)}>
          {[...new Set(['operator', ...parties, props.value])].sort().map(one => (
            <option key={one}>{one}</option>
          ))}
        </Select>
      </Field>
    </div>
  );
}

/** A party's books: the sums of both sides of every account. */
export function Ledger() {
  const words = useWords();
  const me = useMe();
  const isOperator = me.role === 'operator';
  const [chosen, choose] = useInAddress('party');
  const party = isOperator ? (chosen === '' ? 'operator' : chosen) : '';
  const ledger = useQuery(ledgerQuery(party));
  const columns = useMemo<Column<Account>[]>(
    () => [
      {
        id: 'account',
        label: words.accountName,
        width: 'minmax(10rem, 1fr)',
        sort: row => row.account,
        cell: row => words.accounts[row.account] ?? row.account,
      },
      { id: 'currency', label: words.currency, width: '7rem', sort: row => row.currency, cell: row => row.currency },
      {
        id: 'debit',
        label: words.debit,
        width: '10rem',
        end: true,
        sort: row => row.debit_minor,
        cell: row => <Money minor={row.debit_minor} currency={row.currency} />,
      },
      {
        id: 'credit',
        label: words.creditSide,
        width: '10rem',
        end: true,
        sort: row => row.credit_minor,
        cell: row => <Money minor={row.credit_minor} currency={row.currency} />,
      },
      {
        id: 'balance',
        label: words.balance,
        width: '10rem',
        end: true,
        sort: row => row.debit_minor - row.credit_minor,
        cell: row => <Money minor={BigInt(row.debit_minor) - BigInt(row.credit_minor)} currency={row.currency} />,
      },
    ],
    [words],
  );
  return (
    <Section title={words.ledger} lead={words.ledgerLead} bare>
      {isOperator && <Whose value={party} onChange={value => choose(value === 'operator' ? '' : value)} />}
      <Loaded query={ledger} lines={6}>
        {data => (
          <DataTable
            name={words.ledgerOf(data.party)}
            rows={data.accounts}
            columns={columns}
            rowKey={row => `${row.account} ${row.currency}`}
          />
        )}
      </Loaded>
    </Section>
  );
}
