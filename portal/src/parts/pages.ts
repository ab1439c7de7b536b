import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';

/** The rows of a list that comes page by page, and what asks for the next page; nothing where there is none. */
export function useRows<T>(query: UseInfiniteQueryResult<InfiniteData<{ items: T[] }>>): {
  rows: T[];
  onEnd: (() => void) | undefined;
} {
  const { data, hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = query;
  const rows = useMemo(() => data?.pages.flatMap(page => page.items) ?? [], [data]);
  const next = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  // After a failure it is asked for by hand.
  return { rows, onEnd: hasNextPage && !isFetching && !isFetchNextPageError ? next : undefined };
}
