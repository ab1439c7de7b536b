import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';

/** The rows of a list that comes page by page, and what asks for the next page; nothing where there is none. */
export function useRows<T>(query: UseInfiniteQueryResult<InfiniteData<{ items: T[] }>>): {
  rows: T[];
  onEnd: (() => void) | undefined;
} {
  const { data, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const rows = useMemo(() => data?.pages.flatMap(page => page.items) ?? [], [data]);
  const next = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  // What is there is looked at again page by page, which takes a while in a long list: the next page does not wait for that, and
  // takes its place. After a failure it is asked for by hand.
  return { rows, onEnd: hasNextPage && !isFetchingNextPage && !isFetchNextPageError ? next : undefined };
}
