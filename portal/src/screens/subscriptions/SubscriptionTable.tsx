import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { Count, DataTable, Empty, Link, Loaded, StateBadge, useGo, useRows, When, type Column } from '../../parts';
import { useTexts } from '../../texts';
import { subscriptionsQuery, type Subscription } from './queries';
import { useWords } from './texts';

/** A list of subscriptions: all that the caller may see, or those of a customer. */
export function SubscriptionTable(props: { customer?: string; search?: string; state?: string }) {
  const texts = useTexts();
  const words = useWords();
  const go = useGo();
  const { customer = '', search = '', state = '' } = props;
  const query = useInfiniteQuery(subscriptionsQuery(search, customer, state));
  const { rows, onEnd } = useRows(query);
  const isOfOne = customer !== '';
  const columns = useMemo<Column<Subscription>[]>(
    () => [
      {
        id: 'title',
        label: words.subscription,
        width: 'minmax(12rem, 1fr)',
        cell: row => <Link to={`/subscriptions/${row.name}`}>{row.title}</Link>,
      },
      ...(isOfOne
        ? []
        : [
            {
              id: 'customer',
              label: words.customer,
              width: 'minmax(12rem, 1fr)',
              cell: (row: Subscription) => row.customerTitle,
            },
          ]),
      { id: 'state', label: words.state, width: '8rem', cell: row => <StateBadge state={row.state} /> },
      { id: 'quantity', label: words.seats, width: '5rem', end: true, cell: row => <Count of={row.quantity} /> },
      {
        id: 'end',
        label: words.termEnd,
        width: '9rem',
        cell: row => (row.termEnd === undefined ? texts.parts.none : <When at={row.termEnd} />),
      },
      {
        id: 'renews',
        label: words.renewal,
        width: '6rem',
        wideOnly: true,
        cell: row => (row.termEnd === undefined ? texts.parts.none : row.renews ? words.on : words.off),
      },
      {
        id: 'seller',
        label: words.soldBy,
        width: 'minmax(9rem, 0.7fr)',
        wideOnly: true,
        cell: row => [row.seller, row.reseller].filter(Boolean).join(' · '),
      },
    ],
    [words, texts, isOfOne],
  );
  return (
    <Loaded query={query} lines={8}>
      {() => (
        <DataTable
          name={words.list}
          rows={rows}
          columns={columns}
          rowKey={row => row.id}
          onOpen={row => go(`/subscriptions/${row.name}`)}
          onEnd={onEnd}
          empty={
            search === '' && state === '' ? (
              <Empty title={words.none} hint={words.noneHint} />
            ) : (
              <Empty title={texts.parts.noMatch} hint={texts.parts.noMatchHint} />
            )
          }
          {...(isOfOne ? { height: '30rem' } : {})}
        />
      )}
    </Loaded>
  );
}
