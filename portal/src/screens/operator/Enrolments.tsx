import { Button, Select } from '@fluentui/react-components';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import {
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
import { enrolmentsQuery, type Enrolment } from './queries';
import { useWords } from './texts';

const STATES = ['pending', 'applied', 'qualified', 'rejected', 'restricted', 'suspended', 'active'];
const ALL = 'all';

/** Who asks to take part: those that wait first, everybody by choice. */
export function Enrolments() {
  const texts = useTexts();
  const words = useWords();
  const go = useGo();
  const [search, setSearch] = useInAddress('search');
  const [chosen, choose] = useInAddress('state');
  const state = chosen === '' ? 'pending' : chosen;
  const enrolments = useInfiniteQuery(enrolmentsQuery(state === ALL ? '' : state));
  const rows = useMemo(() => enrolments.data?.pages.flatMap(page => page.items) ?? [], [enrolments.data]);
  const columns = useMemo<Column<Enrolment>[]>(
    () => [
      {
        id: 'title',
        label: words.partner,
        width: 'minmax(12rem, 1.5fr)',
        sort: row => row.title,
        cell: row => <Link to={`/operator/enrolments/${row.name}`}>{row.title}</Link>,
      },
      {
        id: 'kind',
        label: words.kind,
        width: '9rem',
        sort: row => row.kind,
        cell: row => texts.roles[row.kind] ?? row.kind,
      },
      {
        id: 'region',
        label: words.region,
        width: '9rem',
        wideOnly: true,
        sort: row => row.region ?? row.country,
        cell: row => `${row.country} · ${row.region ?? texts.parts.none}`,
      },
      {
        id: 'state',
        label: words.state,
        width: '7rem',
        sort: row => row.state,
        cell: row => <StateBadge state={row.state} />,
      },
      { id: 'since', label: words.since, width: '7rem', sort: row => row.since, cell: row => <When at={row.since} /> },
      {
        id: 'days',
        label: words.waits,
        width: '9.5rem',
        end: true,
        sort: row => row.businessDays,
        cell: row => words.businessDays(String(row.businessDays)),
      },
    ],
    [words, texts],
  );
  return (
    <Loaded query={enrolments} lines={6}>
      {() => {
        const found = rows.filter(row => fits(search, row.title, row.name, row.country, row.region, row.partnerId));
        return (
          <>
            <Search label={words.search} value={search} onChange={setSearch} shown={found.length} all={rows.length}>
              <Select aria-label={words.state} value={state} onChange={(_, data) => choose(data.value)}>
                {STATES.map(one => (
                  <option key={one} value={one}>
                    {texts.states[one]}
                  </option>
                ))}
                <option value={ALL}>{words.everyState}</option>
              </Select>
            </Search>
            <DataTable
              name={words.views.enrolments}
              rows={found}
              columns={columns}
              rowKey={row => row.id}
              onOpen={row => go(`/operator/enrolments/${row.name}`)}
              empty={
                rows.length === 0 ? (
                  <Empty title={words.nobodyWaits} hint={words.nobodyWaitsHint} />
                ) : (
                  <Empty title={texts.parts.noMatch} hint={texts.parts.noMatchHint} />
                )
              }
            />
            {enrolments.hasNextPage && (
              <div>
                <Button
                  disabledFocusable={enrolments.isFetchingNextPage}
                  onClick={() => void enrolments.fetchNextPage()}
                >
                  {texts.parts.more}
                </Button>
              </div>
            )}
          </>
        );
      }}
    </Loaded>
  );
}
