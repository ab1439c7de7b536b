import { Badge } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { DataTable, Empty, Loaded, Section, When, type Column } from '../../parts';
import { waiversQuery, type Waiver } from './queries';
import { useWords } from './texts';

/** Who is exempted from what, and for how long. */
export function Waivers() {
  const words = useWords();
  const waivers = useQuery(waiversQuery);
  const columns = useMemo<Column<Waiver>[]>(
    () => [
      { id: 'name', label: words.waiver, width: 'minmax(10rem, 1fr)', sort: row => row.name, cell: row => row.name },
      {
        id: 'title',
        label: words.company,
        width: 'minmax(12rem, 1fr)',
        sort: row => row.title,
        cell: row => row.title,
      },
      { id: 'from', label: words.from, width: '8rem', sort: row => row.from, cell: row => <When at={row.from} /> },
      { id: 'until', label: words.until, width: '8rem', sort: row => row.until, cell: row => <When at={row.until} /> },
      {
        id: 'active',
        label: words.state,
        width: '8rem',
        cell: row => (
          <Badge appearance="tint" color={row.active ? 'success' : 'informative'} shape="rounded">
            {row.active ? words.holds : words.holdsNot}
          </Badge>
        ),
      },
    ],
    [words],
  );
  return (
    <Section title={words.views.waivers} lead={words.waiversLead} bare>
      <Loaded query={waivers} lines={4}>
        {items => (
          <DataTable
            name={words.views.waivers}
            rows={items}
            columns={columns}
            rowKey={row => row.name}
            empty={<Empty title={words.noWaivers} hint={words.noWaiversHint} />}
          />
        )}
      </Loaded>
    </Section>
  );
}
