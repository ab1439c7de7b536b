import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import type { Answered } from '../../api/shapes';

export type Subscription = Answered<'/program/v1/subscriptions', 'get'>['items'][number];
export type Outlook = Answered<'/program/v1/subscriptions/{id}/outlook', 'get'>;
export type Transfer = Answered<'/v1/customers/{customer-id}/transfers', 'get'>[number];

const given = (parts: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== ''));

/** Subscriptions by their customer, page by page; what is empty narrows nothing. */
export const subscriptionsQuery = (search: string, customer: string, state: string) =>
  infiniteQueryOptions({
    queryKey: ['subscriptions', search, customer, state],
    queryFn: ({ pageParam }) =>
      got(
        api.GET('/program/v1/subscriptions', {
          params: { query: given({ search, customer, state, count: '200', after: pageParam }) },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: page => page.next,
    placeholderData: keepPreviousData,
  });

/** One of them with its windows and what is to come. */
export const outlookQuery = (id: string) =>
  queryOptions({
    queryKey: ['outlook', id],
    queryFn: () => got(api.GET('/program/v1/subscriptions/{id}/outlook', { params: { path: { id } } })),
  });

/** What happened to it, the latest first. */
export const historyQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['history', id],
    queryFn: ({ pageParam }) =>
      got(
        api.GET('/program/v1/subscriptions/{id}/timeline', {
          params: { path: { id }, query: given({ count: '100', after: pageParam }) },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: page => page.next,
  });

/** Transfers of a customer's subscriptions from or to the caller. */
export const transfersQuery = (customer: string) =>
  queryOptions({
    queryKey: ['transfers', customer],
    queryFn: () =>
      got(api.GET('/v1/customers/{customer-id}/transfers', { params: { path: { 'customer-id': customer } } })),
  });
