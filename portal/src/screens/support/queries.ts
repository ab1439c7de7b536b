import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import type { Answered } from '../../api/shapes';

export type Entry = Answered<'/program/v1/support-requests', 'get'>['items'][number];
export type Request = Answered<'/program/v1/support-requests/{id}', 'get'>;
export type Topic = Answered<'/program/v1/support-topics', 'get'>['items'][number];

/** How much a request weighs, from the most to the least. */
export const SEVERITIES = ['critical', 'moderate', 'minimal'] as const;

/** Requests in a state, the latest first. */
export const requestsQuery = (status: string) =>
  infiniteQueryOptions({
    queryKey: ['support-requests', status],
    queryFn: ({ pageParam }) => {
      const query = {
        count: '100',
        ...(status === '' ? {} : { status }),
        ...(pageParam === '' ? {} : { after: pageParam }),
      };
      return got(api.GET('/program/v1/support-requests', { params: { query } }));
    },
    initialPageParam: '',
    getNextPageParam: page => page.next,
  });

/** One request with everything that was written to it. */
export const requestQuery = (id: string) =>
  queryOptions({
    queryKey: ['support-request', id],
    queryFn: () => got(api.GET('/program/v1/support-requests/{id}', { params: { path: { id } } })),
  });

/** What requests are filed under. */
export const topicsQuery = queryOptions({
  queryKey: ['support-topics'],
  queryFn: async () => (await got(api.GET('/program/v1/support-topics'))).items,
});
