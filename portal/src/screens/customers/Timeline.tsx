import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { DataTable, Empty, Link, Loaded, StateBadge, useRows, When, type Column } from '../../parts';
import { useTexts } from '../../texts';
import { ordersQuery, timelineQuery } from './queries';
import { useTies } from './ties';
import { useWords } from './texts';

/** Something that happened; what nobody recorded has neither an outcome nor anybody who did it. */
interface Row {
  key: string;
  at: string;
  what: string;
  partner: string;
  outcome?: 'succeeded' | 'failed';
  rule?: string | undefined;
  user?: string | undefined;
}

/**
 * What was so before the first record, for who comes to a program that others have worked in: since when partners serve the
 * customer, and what was ordered.
 */
function useBefore(customer: string, isServed: boolean, first: string | undefined): Row[] {
  const words = useWords();
  const texts = useTexts();
  const { ties } = useTies(customer);
  const orders = useQuery({ ...ordersQuery(customer), enabled: isServed });
  return useMemo(() => {
    const since = ties.flatMap(tie =>
      tie.since === undefined
        ? []
        : [
            {
              key: `tie ${tie.from}`,
              at: tie.since,
              what: words.tieSince(texts.states[tie.state] ?? tie.state),
              partner: tie.partner.name,
            },
          ],
    );
    const ordered = (orders.data?.items ?? []).map(order => ({
      key: `order ${order.id}`,
      at: order.creationDate,
      what: `${words.operations.create_order ?? ''}: ${order.lineItems.map(line => `${line.quantity} × ${line.friendlyName}`).join(', ')}`,
      partner: '',
    }));
    return [...since, ...ordered]
      .filter(row => first === undefined || Date.parse(row.at) < Date.parse(first))
      .sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
  }, [ties, orders.data, first, words, texts]);
}

/** What happened to a customer, the latest first. */
export function Timeline(props: { customer: string; isServed: boolean }) {
  const words = useWords();
  const texts = useTexts();
  const query = useInfiniteQuery(timelineQuery(props.customer));
  const { rows: records, onEnd } = useRows(query);
  const before = useBefore(props.customer, props.isServed, records.at(-1)?.at);
  const { hasNextPage } = query;
  const rows = useMemo<Row[]>(
    () => [
      ...records.map(one => ({
        key: `${one.id} ${one.partner}`,
        at: one.at,
        what: words.operations[one.operation] ?? one.operation.replaceAll('_', ' '),
        partner: one.partner,
        outcome: one.succeeded ? ('succeeded' as const) : ('failed' as const),
        rule: one.rule,
        user: one.user,
      })),
      ...(hasNextPage ? [] : before),
    ],
    [records, before, hasNextPage, words],
  );
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: 'at', label: words.when, width: '11rem', cell: row => <When at={row.at} /> },
      { id: 'operation', label: words.what, width: 'minmax(14rem, 1.4fr)', cell: row => row.what },
      {
        id: 'result',
        label: words.result,
        width: '8rem',
        cell: row =>
          row.rule !== undefined ? (
            <Link to={`/rules/${row.rule}`}>{row.rule}</Link>
          ) : row.outcome === undefined ? (
            texts.parts.none
          ) : (
            <StateBadge state={row.outcome} />
          ),
      },
      { id: 'partner', label: words.partner, width: '9rem', cell: row => row.partner || texts.parts.none },
      {
        id: 'user',
        label: words.by,
        width: 'minmax(10rem, 0.8fr)',
        wideOnly: true,
        cell: row => row.user ?? texts.parts.none,
      },
    ],
    [words, texts],
  );
  return (
    <Loaded query={query}>
      {() => (
        <DataTable
          name={words.tabs.timeline}
          rows={rows}
          columns={columns}
          rowKey={row => row.key}
          onEnd={onEnd}
          height="34rem"
          empty={<Empty title={words.noEvents} hint={words.noEventsHint} />}
        />
      )}
    </Loaded>
  );
}
