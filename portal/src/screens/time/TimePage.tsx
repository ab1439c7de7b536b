import {
  Button,
  Input,
  makeStyles,
  MessageBar,
  MessageBarBody,
  Spinner,
  Tab,
  TabList,
  tokens,
} from '@fluentui/react-components';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { api, got } from '../../api/client';
import { clockQuery } from '../../api/queries';
import type { Answered } from '../../api/shapes';
import {
  Answer,
  Count,
  DataTable,
  Empty,
  Field,
  Loaded,
  Page,
  PHONE,
  Section,
  StateBadge,
  useAct,
  When,
  type Column,
} from '../../parts';
import { count } from '../../parts/money';
import { useWorld } from '../../session/world';
import { useTexts } from '../../texts';
import { localeOf, useLang } from '../../texts/lang';
import { scheduleQuery, type Entry } from './queries';
import { useWords } from './texts';
import { Worlds } from './Worlds';

const useStyles = makeStyles({
  now: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXXS },
  instant: {
    fontSize: tokens.fontSizeHero800,
    lineHeight: tokens.lineHeightHero800,
    fontWeight: tokens.fontWeightSemibold,
    fontVariantNumeric: 'tabular-nums',
    [PHONE]: { fontSize: tokens.fontSizeBase600, lineHeight: tokens.lineHeightBase600 },
  },
  dim: { color: tokens.colorNeutralForeground2 },
  steps: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  until: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
  kinds: { display: 'block', color: tokens.colorNeutralForeground2 },
});

type Step = { by: string } | { until: string } | { next: true };
type Moved = Answered<'/program/v1/clock', 'post'>;

/** What moving the clock came to. */
function Came(props: { moved: Moved }) {
  const styles = useStyles();
  const words = useWords();
  const locale = localeOf(useLang());
  const { moved } = props;
  const kinds = Object.entries(moved.kinds);
  return (
    <MessageBar intent={moved.setAside > 0 ? 'warning' : 'success'} layout="multiline" data-moved={moved.fired}>
      <MessageBarBody>
        {moved.fired === 0 ? words.nothing : words.moved(count(moved.fired, locale))}
        {moved.setAside > 0 && <>. {words.aside(count(moved.setAside, locale))}</>}
        {kinds.length > 0 && (
          <span className={styles.kinds}>
            {kinds.map(([kind, many], index) => (
              <span key={kind}>
                {index > 0 && ' · '}
                {words.kinds[kind] ?? kind}: <Count of={many} />
              </span>
            ))}
          </span>
        )}
      </MessageBarBody>
    </MessageBar>
  );
}

/** The clock and the buttons that move it. */
function Forward() {
  const styles = useStyles();
  const texts = useTexts();
  const words = useWords();
  const clock = useQuery(clockQuery);
  const [until, setUntil] = useState('');
  const [moved, setMoved] = useState<Moved | null>(null);
  const move = useAct((step: Step) => got(api.POST('/program/v1/clock', { body: step })));
  const [last, setLast] = useState<Step | null>(null);
  const go = async (step: Step) => {
    setLast(step);
    setMoved(null);
    const done = await move.run(step);
    if (done !== undefined) setMoved(done);
  };
  const steps: [string, Step][] = [
    [words.day, { by: 'P1D' }],
    [words.week, { by: 'P7D' }],
    [words.month, { by: 'P1M' }],
    [words.year, { by: 'P1Y' }],
    [words.next, { next: true }],
  ];
  return (
    <Section title={words.now}>
      <Loaded query={clock} lines={2}>
        {data => (
          <div className={styles.now}>
            <span className={styles.instant} data-clock={data.world}>
              <When at={data.world} grain="second" /> {texts.parts.utc}
            </span>
            <span className={styles.dim}>
              {words.server}: <When at={data.server} grain="second" />
            </span>
          </div>
        )}
      </Loaded>
      <p className={styles.dim} style={{ margin: 0, maxWidth: '70ch' }}>
        {words.forwardLead}
      </p>
      <div className={styles.steps} role="group" aria-label={words.forward}>
        {steps.map(([label, step]) => (
          <Button key={label} disabledFocusable={move.busy} onClick={() => void go(step)}>
            {label}
          </Button>
        ))}
        {move.busy && <Spinner size="tiny" label={words.moving} />}
      </div>
      <form
        onSubmit={event => {
          event.preventDefault();
          if (until !== '') void go({ until: `${until}T00:00:00Z` });
        }}
      >
        <Field label={words.until} rule={words.untilRule} name="until" trouble={move.trouble}>
          {field => (
            <div className={styles.until}>
              <Input {...field} type="date" value={until} onChange={(_, data) => setUntil(data.value)} />
              <Button type="submit" disabledFocusable={move.busy}>
                {words.move}
              </Button>
            </div>
          )}
        </Field>
      </form>
      <Answer trouble={move.trouble} onRetry={() => last !== null && void go(last)} />
      {moved !== null && <Came moved={moved} />}
    </Section>
  );
}

/** What comes, and what came. */
function Schedule() {
  const texts = useTexts();
  const words = useWords();
  const [state, setState] = useState<'open' | 'done'>('open');
  const clock = useQuery(clockQuery);
  const schedule = useInfiniteQuery(scheduleQuery(state));
  const rows = useMemo(() => schedule.data?.pages.flatMap(page => page.items) ?? [], [schedule.data]);
  const now = clock.data?.world;
  const columns = useMemo<Column<Entry>[]>(
    () => [
      {
        id: 'kind',
        label: words.kind,
        width: 'minmax(12rem, 1fr)',
        cell: entry => words.kinds[entry.kind] ?? entry.kind,
      },
      {
        id: 'at',
        label: words.at,
        width: 'minmax(16rem, 1fr)',
        cell: entry => (
          <When
            at={entry.done ?? entry.due}
            {...(now === undefined || entry.done !== undefined ? {} : { from: now })}
          />
        ),
      },
      { id: 'subject', label: words.subject, width: 'minmax(12rem, 1.2fr)', cell: entry => entry.subject },
      {
        id: 'partners',
        label: words.partners,
        width: 'minmax(8rem, 0.6fr)',
        wideOnly: true,
        cell: entry => entry.partners.join(', '),
      },
      { id: 'state', label: words.state, width: '7rem', cell: entry => <StateBadge state={entry.state} /> },
    ],
    [words, now],
  );
  return (
    <Section title={words.show} bare>
      <TabList selectedValue={state} onTabSelect={(_, data) => setState(data.value as 'open' | 'done')}>
        <Tab value="open">{words.open}</Tab>
        <Tab value="done">{words.past}</Tab>
      </TabList>
      <Loaded query={schedule} lines={6}>
        {() => (
          <>
            <DataTable
              name={state === 'open' ? words.due : words.done}
              rows={rows}
              columns={columns}
              rowKey={entry => entry.id}
              height="26rem"
              empty={<Empty title={words.noDue} hint={words.noDueHint} />}
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

/** The time of a sandbox: where it stands, moving it, what falls due, and its worlds. */
export default function TimePage() {
  const texts = useTexts();
  const words = useWords();
  // Another world has another clock: nothing of the one before is shown in it.
  const world = useWorld();
  return (
    <Page title={texts.screens.time} lead={words.lead}>
      <Forward key={world} />
      <Schedule />
      <Worlds />
    </Page>
  );
}
