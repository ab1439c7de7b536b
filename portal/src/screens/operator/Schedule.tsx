import { Button, Tab, TabList } from '@fluentui/react-components';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { DataTable, Empty, Loaded, Section, StateBadge, useInAddress, When, type Column } from '../../parts';
import { useTexts } from '../../texts';
import { useWords as useTimeWords } from '../time/texts';
import { scheduleQuery, type Entry } from './queries';
import { useWords } from './texts';

const VIEWS = ['open', 'done', 'set_aside'] as const;

/** What falls due in the program, what was done, and what could not be done and waits for somebody. */
export function Schedule() {
  const texts = useTexts();
  const words = useWords();
  const time = useTimeWords();
  const [chosen, choose] = useInAddress('state');
  const view = VIEWS.find(one => one === chosen) ?? 'open';
  const schedule = useInfiniteQuery(scheduleQuery(view));
  const rows = useMemo(() => schedule.data?.pages.flatMap(page => page.items) ?? [], [schedule.data]);
  const columns = useMemo<Column<Entry>[]>(
    () => [
      {
        id: 'kind',
        label: time.kind,
        width: 'minmax(12rem, 1fr)',
        cell: entry => time.kinds[entry.kind] ?? entry.kind,
      },
      { id: 'at', label: time.at, width: '12rem', cell: entry => <When at={entry.done ?? entry.due} /> },
      { id: 'subject', label: time.subject, width: 'minmax(12rem, 1fr)', cell: entry => entry.subject },
      {
        id: 'partners',
        label: time.partners,
        width: 'minmax(8rem, 0.7fr)',
        wideOnly: true,
        cell: entry => entry.problem ?? entry.partners.join(', '),
      },
      { id: 'state', label: time.state, width: '7rem', cell: entry => <StateBadge state={entry.state} /> },
    ],
    [time],
  );
  return (
    <Section title={words.views.schedule} lead={words.scheduleLead} bare>
      <TabList size="small" selectedValue={view} onTabSelect={(_, data) => choose(String(data.value))}>
        {VIEWS.map(one => (
          <Tab key={one} value={one}>
            {words.schedules[one]}
          </Tab>
        ))}
      </TabList>
      <Loaded query={schedule} lines={6}>
        {() => (
          <>
            <DataTable
              name={words.schedules[view]}
              rows={rows}
              columns={columns}
              rowKey={entry => entry.id}
              empty={
                view === 'set_aside' ? (
                  <Empty title={words.nothingAside} hint={words.nothingAsideHint} />
                ) : (
                  <Empty title={time.noDue} hint={time.noDueHint} />
                )
              }
            />
            {schedule.hasNextPage && (
              <div>
                <Button disabledFocusable={schedule.isFetchingNextPage} onClick={() => void schedule.fetchNextPage()}>
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
