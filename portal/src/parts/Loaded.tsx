import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { asTrouble } from './act';
import { Answer } from './Answer';
import { Loading } from './Loading';

/** What was asked for: its shape while it comes, the answer where it did not, and then itself. */
export function Loaded<T>(props: { query: UseQueryResult<T>; lines?: number; children: (data: T) => ReactNode }) {
  const { data, error, refetch } = props.query;
  if (data !== undefined) {
    return (
      <>
        {error !== null && <Answer trouble={asTrouble(error)} onRetry={() => void refetch()} />}
        {props.children(data)}
      </>
    );
  }
  if (error !== null) return <Answer trouble={asTrouble(error)} onRetry={() => void refetch()} />;
  return <Loading {...(props.lines === undefined ? {} : { lines: props.lines })} />;
}
