import type { UseInfiniteQueryResult, UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { asTrouble } from './act';
import { Answer } from './Answer';
import { Loading } from './Loading';

/** What was asked for: its shape while it comes, the answer where it did not, and then itself. */
export function Loaded<T>(props: {
  query: UseQueryResult<T> | UseInfiniteQueryResult<T>;
  lines?: number;
  children: (data: T) => ReactNode;
}) {
  const { query } = props;
  const { data, error, refetch } = query;
  if (data !== undefined) {
    // Where the next page did not come, that page is tried again and not all of them.
    const again = 'fetchNextPage' in query && query.isFetchNextPageError ? query.fetchNextPage : refetch;
    return (
      <>
        {error !== null && <Answer trouble={asTrouble(error)} onRetry={() => void again()} />}
        {props.children(data)}
      </>
    );
  }
  if (error !== null) return <Answer trouble={asTrouble(error)} onRetry={() => void refetch()} />;
  return <Loading {...(props.lines === undefined ? {} : { lines: props.lines })} />;
}
