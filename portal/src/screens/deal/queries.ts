import { infiniteQueryOptions, keepPreviousData, queryOptions, skipToken } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import type { ActView, Answered } from '../../api/shapes';
import type { components } from '../../api/schema';
import type { Deal } from '../../parts';
import { everybody } from '../../session/session';
import type { Lang } from '../../texts/lang';

export type Asked = components['schemas']['AskedView'];
export type Kept = components['schemas']['KeptDecision'];
export type Item = Answered<'/program/v1/items', 'get'>['items'][number];

/** The decision on a deal, with every rule that was asked. What was shown before stays until the next one is there. */
export const tracedQuery = (deal: Deal | null, lang: Lang) =>
  queryOptions({
    queryKey: ['decision', 'traced', deal, lang],
    queryFn:
      deal === null ? skipToken : () => got(api.POST('/program/v1/decisions', { body: { ...deal, trace: true } })),
    placeholderData: keepPreviousData,
    retry: false,
  });

/** What can be named in a deal, without prices. */
export const itemsQuery = queryOptions({
  queryKey: ['items'],
  queryFn: async () => {
    const items: Item[] = [];
    let after: string | undefined;
    do {
      const query = { count: '200', ...(after === undefined ? {} : { after }) };
      const page = await got(api.GET('/program/v1/items', { params: { query } }));
      items.push(...page.items);
      after = page.next;
    } while (after !== undefined);
    return { items };
  },
  staleTime: 300_000,
});

/** Customers by a part of their name: of the caller, or all for the operator. */
export const customersQuery = (search: string) =>
  queryOptions({
    queryKey: ['customers', 'named', search],
    queryFn: () => got(api.GET('/program/v1/customers', { params: { query: { search, count: '20' } } })),
    placeholderData: keepPreviousData,
  });

/** Companies that a deal may go through: everybody of a sandbox, else the caller's own partners, or all for the operator. */
export const partnersQuery = (isSandbox: boolean, isOperator: boolean) =>
  queryOptions({
    queryKey: ['partners', 'named', isSandbox, isOperator],
    queryFn: async (): Promise<{ name: string; title: string; kind: string }[]> => {
      if (isSandbox) {
        const all = (await everybody()).filter(one => one.kind !== 'operator');
        return all.map(one => ({ name: one.handle, title: one.name, kind: one.kind }));
      }
      const found = isOperator
        ? await got(api.GET('/program/v1/enrolments', { params: { query: { state: 'active', count: '200' } } }))
        : await got(api.GET('/program/v1/partnerships', { params: { query: { count: '200' } } }));
      return found.items.map(one => ({ name: one.name, title: one.title, kind: one.kind }));
    },
    staleTime: 300_000,
  });

/** Decisions that were kept, the latest first. */
export const keptListQuery = (filter: { rule?: string; outcome?: string }) =>
  infiniteQueryOptions({
    queryKey: ['decisions', filter],
    queryFn: ({ pageParam }) =>
      got(
        api.GET('/program/v1/decisions', {
          params: { query: { ...filter, count: '50', ...(pageParam === '' ? {} : { after: pageParam }) } },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: page => page.next,
  });

/** One of them, made again. */
export const keptQuery = (id: string, lang: Lang) =>
  queryOptions({
    queryKey: ['decisions', 'one', id, lang],
    queryFn: () => got(api.GET('/program/v1/decisions/{id}', { params: { path: { id } } })),
  });

/**
 * Does an act as whoever it names: as oneself by one's own right, as somebody else as a sandbox's operator does, who plays
 * everybody.
 */
export async function perform(act: ActView, own: string, id: string): Promise<unknown> {
  const isOwn = act.as === own;
  const operator = isOwn ? undefined : (await everybody()).find(one => one.kind === 'operator');
  const answer = await got(
    api.POST('/program/v1/commands/{verb}', {
      params: { path: { verb: act.verb }, ...(isOwn ? {} : { query: { as: act.as } }) },
      body: act.params,
      headers: {
        'MS-RequestId': id,
        ...(operator === undefined ? {} : { Authorization: `Bearer ${operator.accessTokenUser}` }),
      },
    }),
  );
  return answer.result;
}
