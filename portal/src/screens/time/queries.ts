import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import type { components } from '../../api/schema';
import { everybody } from '../../session/session';

export type Entry = components['schemas']['EntryView'];
export type World = components['schemas']['WorldView'];

/** The schedule, page by page: what is due next, or was done last. */
export const scheduleQuery = (state: 'open' | 'done') =>
  infiniteQueryOptions({
    queryKey: ['schedule', state],
    queryFn: ({ pageParam }) =>
      got(
        api.GET('/program/v1/schedule', {
          params: { query: { state, count: '100', ...(pageParam === '' ? {} : { after: pageParam }) } },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: page => page.next,
  });

/**
 * The headers of the sandbox's operator at the server's own world: worlds are managed there, whoever is being played, and in
 * whichever world.
 */
export async function asOperator(): Promise<Record<string, string>> {
  const all = await everybody(undefined, null);
  const operator = all.find(one => one.kind === 'operator');
  return { Authorization: `Bearer ${operator?.accessTokenUser ?? ''}`, 'X-Tierline-World': 'default' };
}

/** The worlds of this sandbox, its own first. */
export const worldsQuery = queryOptions({
  queryKey: ['worlds'],
  queryFn: async () => got(api.GET('/program/v1/worlds', { headers: await asOperator() })),
});
