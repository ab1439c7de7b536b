import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import type { components } from '../../api/schema';

export type Invoice = components['schemas']['InvoiceView'];
export type Line = components['schemas']['LineView'];
export type Movement = components['schemas']['MovementView'];
export type Margin = components['schemas']['MarginView'];
export type Side = 'received' | 'issued';

/** The invoices of one direction: what others billed to the caller, or what it billed. */
export const invoicesQuery = (side: Side) =>
  queryOptions({
    queryKey: ['invoices', side],
    queryFn: async () => (await got(api.GET('/program/v1/invoices', { params: { query: { side } } }))).items,
  });

export const invoiceQuery = (id: string) =>
  queryOptions({
    queryKey: ['invoice', id],
    queryFn: () => got(api.GET('/program/v1/invoices/{id}', { params: { path: { id } } })),
  });

/** The lines of an invoice, page by page. */
export const linesQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['invoice', id, 'lines'],
    queryFn: ({ pageParam }) =>
      got(
        api.GET('/program/v1/invoices/{id}/lines', {
          params: { path: { id }, query: { count: '200', ...(pageParam === '' ? {} : { after: pageParam }) } },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: page => (page.next === undefined ? undefined : String(page.next)),
  });

/** One line, by its position. */
export const lineQuery = (id: string, position: number) =>
  queryOptions({
    queryKey: ['invoice', id, 'line', position],
    queryFn: async (): Promise<Line | null> => {
      const query = { count: '1', ...(position > 0 ? { after: String(position - 1) } : {}) };
      const page = await got(api.GET('/program/v1/invoices/{id}/lines', { params: { path: { id }, query } }));
      return page.items.find(line => line.position === position) ?? null;
    },
  });

/** A file of lines that is being made; asked for again until it is there. */
export const exportQuery = (id: string | null) =>
  queryOptions({
    queryKey: ['export', id],
    enabled: id !== null,
    queryFn: () => got(api.GET('/program/v1/exports/{id}', { params: { path: { id: id ?? '' } } })),
    refetchInterval: query => {
      const state = query.state.data?.state;
      return state === 'succeeded' || state === 'failed' || query.state.error !== null ? false : 700;
    },
  });

export const outlookQuery = (id: string) =>
  queryOptions({
    queryKey: ['subscription', id, 'outlook'],
    queryFn: () => got(api.GET('/program/v1/subscriptions/{id}/outlook', { params: { path: { id } } })),
  });

export const timelineQuery = (id: string) =>
  queryOptions({
    queryKey: ['subscription', id, 'timeline'],
    queryFn: () => got(api.GET('/program/v1/subscriptions/{id}/timeline', { params: { path: { id } } })),
  });

/** The statement of account with another party in one currency. */
export const accountQuery = (other: string, currency: string) =>
  queryOptions({
    queryKey: ['account', other, currency],
    queryFn: () => got(api.GET('/program/v1/account', { params: { query: { with: other, currency } } })),
  });

/** What a month earned. */
export const marginsQuery = (month: string) =>
  queryOptions({
    queryKey: ['margins', month],
    queryFn: () => got(api.GET('/program/v1/margins', { params: { query: { month } } })),
  });

/** The caller's books, or with a name somebody's, for the operator. */
export const ledgerQuery = (party: string) =>
  queryOptions({
    queryKey: ['ledger', party],
    queryFn: () => got(api.GET('/program/v1/ledger', { params: { query: party === '' ? {} : { party } } })),
  });

export const runsQuery = queryOptions({
  queryKey: ['billing-runs'],
  queryFn: () => got(api.GET('/program/v1/billing-runs')),
});

/** The line of credit, where there is one. */
export const creditQuery = queryOptions({
  queryKey: ['home', 'credit'],
  queryFn: async () => (await got(api.GET('/program/v1/home'))).credit ?? null,
});

/** Everybody whose books the operator may look at. */
export const partiesQuery = queryOptions({
  queryKey: ['enrolments', 'names'],
  queryFn: async () => {
    const page = await got(api.GET('/program/v1/enrolments', { params: { query: { count: '200' } } }));
    return page.items.map(item => item.name);
  },
});
