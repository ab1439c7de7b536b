import { Badge, Button, Select } from '@fluentui/react-components';
import { ArrowClockwiseRegular } from '@fluentui/react-icons';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useDeferredValue, useMemo } from 'react';

import {
  Count,
  DataTable,
  Empty,
  Link,
  Loaded,
  Search,
  Section,
  useGo,
  useInAddress,
  When,
  type Column,
} from '../../parts';
import { useTexts } from '../../texts';
import { requestsQuery, type Entry } from './queries';
import { useWords } from './texts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The status of an answer; its colour says what kind. */
export function Status(props: { of: number }) {
  const colour = props.of >= 500 ? 'danger' : props.of >= 400 ? 'warning' : 'success';
  return (
    <Badge appearance="tint" color={colour} shape="rounded">
      {props.of}
    </Badge>
  );
}

/** The calls of the caller's tenant that were answered lately. */
export function Requests() {
  const texts = useTexts();
  const words = useWords();
  const go = useGo();
  const [search, setSearch] = useInAddress('search');
  const [method, setMethod] = useInAddress('method');
  const [outcome, setOutcome] = useInAddress('outcome');
  const asked = useDeferredValue(search);
  const requests = useInfiniteQuery(requestsQuery(asked, method, outcome));
  const rows = useMemo(() => requests.data?.pages.flatMap(page => page.items) ?? [], [requests.data]);
  const columns = useMemo<Column<Entry>[]>(
    () => [
      {
        id: 'path',
        label: words.call,
        width: 'minmax(18rem, 2fr)',
        cell: row => (
          <Link to={`/developer/requests/${row.id}`}>
            {row.method} {row.path}
          </Link>
        ),
      },
      {
        id: 'status',
        label: words.status,
        width: '5rem',
        sort: row => row.status,
        cell: row => <Status of={row.status} />,
      },
      {
        id: 'took',
        label: words.took,
        width: '6rem',
        end: true,
        wideOnly: true,
        sort: row => row.took,
        cell: row => (
          <>
            <Count of={Math.round(row.took / 100) / 10} /> ms
          </>
        ),
      },
      {
        id: 'at',
        label: words.at,
        width: '12rem',
        sort: row => row.at,
        cell: row => <When at={row.at} grain="second" />,
      },
      {
        id: 'user',
        label: words.user,
        width: 'minmax(10rem, 1fr)',
        wideOnly: true,
        cell: row => row.user ?? row.application,
      },
    ],
    [words],
  );
  return (
    <Section title={words.views.requests} lead={words.requestsLead} bare>
      <Search label={words.searchCalls} value={search} onChange={setSearch} shown={rows.length} all={rows.length}>
        <Select aria-label={words.method} value={method} onChange={(_, data) => setMethod(data.value)}>
          <option value="">{words.allMethods}</option>
          {METHODS.map(one => (
            <option key={one}>{one}</option>
          ))}
        </Select>
        <Select aria-label={words.outcome} value={outcome} onChange={(_, data) => setOutcome(data.value)}>
          <option value="">{words.allOutcomes}</option>
          <option value="succeeded">{texts.states.succeeded}</option>
          <option value="failed">{texts.states.failed}</option>
        </Select>
        <Button
          icon={<ArrowClockwiseRegular />}
          disabledFocusable={requests.isFetching}
          onClick={() => void requests.refetch()}
        >
          {words.refresh}
        </Button>
      </Search>
      <Loaded query={requests} lines={8}>
        {() => (
          <>
            <DataTable
              name={words.views.requests}
              rows={rows}
              columns={columns}
              rowKey={row => row.id}
              onOpen={row => go(`/developer/requests/${row.id}`)}
              empty={<Empty title={words.noRequests} hint={words.noRequestsHint} />}
            />
            {requests.hasNextPage && (
              <div>
                <Button disabledFocusable={requests.isFetchingNextPage} onClick={() => void requests.fetchNextPage()}>
                  {texts.parts.more}
                </Button>
              </div>
            )}
          </>
        )}
      </Loaded>
    </Section>
  );
}
