import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import type { components } from '../../api/schema';
import type { Answered } from '../../api/shapes';

export type Enrolment = components['schemas']['EnrolmentEntry'];
export type Detail = Answered<'/program/v1/enrolments/{partner}', 'get'>;
export type Waiver = components['schemas']['WaiverView'];
export type Affiliation = components['schemas']['AffiliationView'];
export type Parameter = components['schemas']['ParameterView'];
export type Entry = components['schemas']['EntryView'];

/** Accounts by state; those that wait for a decision first of all. */
export const enrolmentsQuery = (state: string) =>
  infiniteQueryOptions({
    queryKey: ['enrolments', state],
    queryFn: ({ pageParam }) => {
      const query = {
        count: '200',
        ...(state === '' ? {} : { state }),
        ...(pageParam === '' ? {} : { after: pageParam }),
      };
      return got(api.GET('/program/v1/enrolments', { params: { query } }));
    },
    initialPageParam: '',
    getNextPageParam: page => page.next,
  });

export const enrolmentQuery = (partner: string) =>
  queryOptions({
    queryKey: ['enrolment', partner],
    queryFn: () => got(api.GET('/program/v1/enrolments/{partner}', { params: { path: { partner } } })),
  });

export const waiversQuery = queryOptions({
  queryKey: ['waivers'],
  queryFn: async () => (await got(api.GET('/program/v1/waivers'))).items,
});

export const affiliationsQuery = infiniteQueryOptions({
  queryKey: ['affiliations'],
  queryFn: ({ pageParam }) => {
    const query = { count: '200', ...(pageParam === '' ? {} : { after: pageParam }) };
    return got(api.GET('/program/v1/affiliations', { params: { query } }));
  },
  initialPageParam: '',
  getNextPageParam: page => page.next,
});

export const parametersQuery = queryOptions({
  queryKey: ['parameters'],
  queryFn: async () => (await got(api.GET('/program/v1/parameters'))).items,
});

/** The schedule of the whole program, or what could not be done. */
export const scheduleQuery = (state: string) =>
  infiniteQueryOptions({
    queryKey: ['schedule', 'operator', state],
    queryFn: ({ pageParam }) => {
      const query = { state, count: '100', ...(pageParam === '' ? {} : { after: pageParam }) };
      return got(api.GET('/program/v1/schedule', { params: { query } }));
    },
    initialPageParam: '',
    getNextPageParam: page => page.next,
  });
