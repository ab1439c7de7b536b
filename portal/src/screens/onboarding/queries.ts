import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import type { Answered } from '../../api/shapes';

export type Enrolment = Answered<'/program/v1/enrolments/{partner}', 'get'>;
export type Tie = Answered<'/program/v1/partnerships', 'get'>['items'][number];

/** Where an account stands on its way into the program. */
export const enrolmentQuery = (partner: string) =>
  queryOptions({
    queryKey: ['enrolment', partner],
    queryFn: () => got(api.GET('/program/v1/enrolments/{partner}', { params: { path: { partner } } })),
  });

/** A provider's resellers, or a reseller's providers. */
export const tiesQuery = infiniteQueryOptions({
  queryKey: ['partnerships'],
  queryFn: ({ pageParam }) =>
    got(
      api.GET('/program/v1/partnerships', {
        params: { query: { count: '200', ...(pageParam === '' ? {} : { after: pageParam }) } },
      }),
    ),
  initialPageParam: '',
  getNextPageParam: page => page.next,
});

/** Customers and subscriptions that hang on a partnership: what a removal is rehearsed with. */
export const hangingQuery = (reseller: string) =>
  queryOptions({
    queryKey: ['hanging', reseller],
    queryFn: async () => {
      const page = await got(
        api.GET('/program/v1/subscriptions', { params: { query: { state: 'active', count: '200' } } }),
      );
      const own = page.items.filter(one => one.reseller === reseller);
      return own.filter((one, index) => own.findIndex(other => other.customer === one.customer) === index).slice(0, 5);
    },
  });

/** The text of the partner agreement: in English, whoever reads it. */
export const agreementQuery = queryOptions({
  queryKey: ['partner-agreement'],
  queryFn: () => got(api.GET('/program/v1/partner-agreement')),
  staleTime: Infinity,
});
