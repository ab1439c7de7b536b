import { Button, Tab, TabList } from '@fluentui/react-components';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import {
  Count,
  DataTable,
  Empty,
  Link,
  Loaded,
  Section,
  StateBadge,
  useGo,
  useInAddress,
  When,
  type Column,
} from '../../parts';
import { useTexts } from '../../texts';
import { deliveriesQuery, type Delivery } from './queries';
import { useWords } from './texts';

const STATES = ['waiting', 'delivered', 'parked'];

/** The outbox: every event that was put there, with how often it was tried. */
export function Deliveries() {
  const texts = useTexts();
  const words = useWords();
  const go = useGo();
  const [state, setState] = useInAddress('state');
  const deliveries = useInfiniteQuery(deliveriesQuery(state));
  const rows = useMemo(() => deliveries.data?.pages.flatMap(page => page.items) ?? [], [deliveries.data]);
  const columns = useMemo<Column<Delivery>[]>(
    () => [
      {
        id: 'event',
        label: words.event,
        width: 'minmax(12rem, 1fr)',
        sort: row => row.event,
        cell: row => <Link to={`/developer/deliveries/${row.id}`}>{row.event}</Link>,
      },
      { id: 'state', label: words.state, width: '8rem', cell: row => <StateBadge state={row.state} /> },
      { id: 'attempts', label: words.attempts, width: '5rem', end: true, cell: row => <Count of={row.attempts} /> },
      { id: 'created', label: words.at, width: '12rem', cell: row => <When at={row.created} grain="second" /> },
      { id: 'url', label: words.goesTo, width: 'minmax(12rem, 1.5fr)', wideOnly: true, cell: row => row.url },
    ],
    [words],
  );
  return (
    <Section title={words.views.deliveries} lead={words.deliveriesLead} bare>
      <TabList
        size="small"
        selectedValue={state}
        onTabSelect={(_, data) => setState(String(data.value))}
        style={{ overflowX: 'auto' }}
      >
        <Tab value="">{words.allStates}</Tab>
        {STATES.map(one => (
          <Tab key={one} value={one}>
            {texts.states[one]}
          </Tab>
        ))}
      </TabList>
      <Loaded query={deliveries} lines={6}>
        {() => (
          <>
            <DataTable
              name={words.views.deliveries}
              rows={rows}
              columns={columns}
              rowKey={row => row.id}
              onOpen={row => go(`/developer/deliveries/${row.id}`)}
              empty={<Empty title={words.noDeliveries} hint={words.noDeliveriesHint} />}
            />
            {deliveries.hasNextPage && (
              <div>
                <Button
                  disabledFocusable={deliveries.isFetchingNextPage}
                  onClick={() => void deliveries.fetchNextPage()}
                >
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
