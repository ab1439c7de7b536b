import { Button } from '@fluentui/react-components';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { Answer, asTrouble, DataTable, Empty, Link, Loading, StateBadge, useGo, When, type Column } from '../../parts';
import { useTexts } from '../../texts';
import { keptListQuery, type Kept } from './queries';
import { useWords } from './texts';

/** Decisions that were kept, the latest first. */
export function KeptTable(props: { filter: { rule?: string; outcome?: string }; most?: number }) {
  const texts = useTexts();
  const words = useWords();
  const go = useGo();
  const kept = useInfiniteQuery(keptListQuery(props.filter));
  const columns = useMemo<Column<Kept>[]>(
    () => [
      {
        id: 'at',
        label: words.at,
        width: '11rem',
        cell: one => (
          <Link to={`/deal/decisions/${one.id}`}>
            <When at={one.at} grain="minute" />
          </Link>
        ),
      },
      {
        id: 'checkpoint',
        label: words.checkpoint,
        width: 'minmax(11rem, 1.4fr)',
        cell: one => words.verbs[one.checkpoint] ?? one.checkpoint.replaceAll('_', ' '),
      },
      { id: 'subject', label: words.subject, cell: one => one.subject },
      { id: 'actor', label: words.by, cell: one => one.actor },
      {
        id: 'allowed',
        label: words.outcome,
        width: '7rem',
        cell: one => (
          <StateBadge state={one.allowed ? 'allowed' : 'refused'} label={one.allowed ? words.allowed : words.refused} />
        ),
      },
      { id: 'rules', label: words.byRules, cell: one => one.rules.join(', ') },
    ],
    [words],
  );
  if (kept.error !== null) return <Answer trouble={asTrouble(kept.error)} onRetry={() => void kept.refetch()} />;
  if (kept.data === undefined) return <Loading lines={4} />;
  const rows = kept.data.pages.flatMap(page => page.items).slice(0, props.most);
  return (
    <>
      <DataTable
        name={words.keptTitle}
        rows={rows}
        columns={columns}
        rowKey={one => one.id}
        onOpen={one => go(`/deal/decisions/${one.id}`)}
        empty={<Empty title={words.noKept} hint={words.noKeptHint} />}
      />
      {props.most === undefined && kept.hasNextPage && (
        <div>
          <Button disabledFocusable={kept.isFetchingNextPage} onClick={() => void kept.fetchNextPage()}>
            {texts.parts.more}
          </Button>
        </div>
      )}
    </>
  );
}
