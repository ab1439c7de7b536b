import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import type { Answered } from '../../api/shapes';
import { Count, DataTable, Empty, Loaded, Section, StateBadge, When, type Column } from '../../parts';
import { runsQuery } from './queries';
import { useMonth, useWords } from './texts';

type Run = Answered<'/program/v1/billing-runs', 'get'>[number];

/** How far each billing run is: one for each month and region. */
export function Runs() {
  const words = useWords();
  const monthName = useMonth();
  const runs = useQuery(runsQuery);
  const columns = useMemo<Column<Run>[]>(() => {
    const counted = (id: 'charges' | 'lines' | 'postings' | 'invoices', label: string): Column<Run> => ({
      id,
      label,
      width: '5.5rem',
      end: true,
      sort: row => row[id],
      cell: row => <Count of={row[id]} />,
    });
    return [
      { id: 'month', label: words.month, width: '6.5rem', sort: row => row.month, cell: row => monthName(row.month) },
      {
        id: 'region',
        label: words.region,
        width: 'minmax(7rem, 1fr)',
        sort: row => row.region,
        cell: row => row.region,
      },
      { id: 'state', label: words.state, width: '7rem', cell: row => <StateBadge state={row.state} /> },
      counted('charges', words.chargesCount),
      counted('lines', words.lines),
      counted('postings', words.postings),
      counted('invoices', words.views.invoices),
      {
        id: 'finished',
        label: words.finished,
        width: '10.5rem',
        wideOnly: true,
        cell: row => <When at={row.finished ?? row.begins} />,
      },
    ];
  }, [words, monthName]);
  return (
    <Section title={words.views.runs} lead={words.runsLead} bare>
      <Loaded query={runs} lines={6}>
        {rows => (
          <DataTable
            name={words.views.runs}
            rows={[...rows].reverse()}
            columns={columns}
            rowKey={row => row.run}
            empty={<Empty title={words.noRuns} hint={words.noRunsHint} />}
          />
        )}
      </Loaded>
    </Section>
  );
}
