import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { DataTable, Link, Loaded, Section, When, type Column } from '../../parts';
import { useTexts } from '../../texts';
import { parametersQuery, type Parameter } from './queries';
import { useWords } from './texts';

/** What the profile of this program sets, since when, and by which rule. */
export function Parameters() {
  const texts = useTexts();
  const words = useWords();
  const parameters = useQuery(parametersQuery);
  const columns = useMemo<Column<Parameter>[]>(
    () => [
      {
        id: 'name',
        label: words.parameter,
        width: 'minmax(17rem, 1.3fr)',
        sort: row => row.name,
        cell: row => words.parameters[row.name] ?? row.name.replaceAll('_', ' '),
      },
      {
        id: 'value',
        label: words.value,
        width: 'minmax(13rem, 1fr)',
        cell: row => (row.isSet ? <strong title={words.isSet}>{row.value}</strong> : row.value),
      },
      {
        id: 'from',
        label: words.from,
        width: '8rem',
        cell: row => (row.from === undefined ? texts.parts.none : <When at={row.from} />),
      },
      { id: 'before', label: words.before, width: '9rem', wideOnly: true, cell: row => row.before },
      {
        id: 'rule',
        label: words.rule,
        width: '7rem',
        cell: row => row.rule !== undefined && <Link to={`/rules/${row.rule}`}>{row.rule}</Link>,
      },
    ],
    [words, texts],
  );
  return (
    <Section title={words.views.parameters} lead={words.parametersLead} bare>
      <Loaded query={parameters} lines={6}>
        {items => <DataTable name={words.views.parameters} rows={items} columns={columns} rowKey={row => row.name} />}
      </Loaded>
    </Section>
  );
}
