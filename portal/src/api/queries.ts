import { QueryClient, queryOptions, useQuery } from '@tanstack/react-query';

import { session, whoseIs } from '../session/session';
import { world } from '../session/world';
import { lang } from '../texts/lang';
import { api, got } from './client';
import type { Me } from './shapes';
import { Trouble } from './trouble';

export type { Me } from './shapes';

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // A connection may come back; a refusal stays one.
      retry: (count, error) => error instanceof Trouble && error.kind === 'failed' && count < 2,
      staleTime: 15_000,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

/** Who looks, and in which world. */
const place = () => `${whoseIs(session.get())} ${world.get() ?? ''}`;
let shown = place();
// What somebody else or another world showed is not shown any more; a renewed token changes nothing. Person and world may change
// at once, so both are looked at afterwards.
const look = () =>
  queueMicrotask(() => {
    if (place() === shown) return;
    shown = place();
    if (session.get() === null) queries.clear();
    else void queries.resetQueries();
  });
session.subscribe(look);
world.subscribe(look);
lang.subscribe(() => void queries.invalidateQueries());
// What a lost connection kept from coming is asked for again.
window.addEventListener(
  'online',
  () => void queries.refetchQueries({ predicate: query => query.state.status === 'error' }),
);

/** Who calls. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: () => got(api.GET('/program/v1/me')),
  staleTime: 300_000,
});

/** What kind of server this is. */
export const serverQuery = queryOptions({
  queryKey: ['server'],
  queryFn: () => got(api.GET('/program/v1/server')),
  staleTime: Number.POSITIVE_INFINITY,
});

/** What needs whoever is signed in. */
export const homeQuery = queryOptions({ queryKey: ['home'], queryFn: () => got(api.GET('/program/v1/home')) });

/** The two clocks. */
export const clockQuery = queryOptions({
  queryKey: ['clock'],
  queryFn: () => got(api.GET('/program/v1/clock')),
  refetchInterval: 30_000,
});

/** Who is signed in; only below the shell, which has asked already. */
export function useMe(): Me {
  const { data } = useQuery(meQuery);
  if (data === undefined) throw new Error('useMe is for screens, which are shown once it is known who is there');
  return data;
}

/** Whether this server is a sandbox. */
export function useIsSandbox(): boolean {
  return useQuery(serverQuery).data?.sandbox ?? false;
}
