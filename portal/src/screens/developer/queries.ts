import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import type { components } from '../../api/schema';
import type { Answered } from '../../api/shapes';
import { Trouble } from '../../api/trouble';

export type Entry = components['schemas']['RequestEntry'];
export type Heard = components['schemas']['HeardView'];
export type Delivery = components['schemas']['DeliveryView'];
export type Application = components['schemas']['Shown'];
export type Call = Answered<'/program/v1/requests/{id}', 'get'>;
export type Registration = Answered<'/webhooks/v1/registration', 'get'>;

/** How often what arrives by itself is looked for, in milliseconds. */
const EVERY_MS = 3000;

/** The calls that were answered lately, newest first. */
export const requestsQuery = (search: string, method: string, outcome: string) =>
  infiniteQueryOptions({
    queryKey: ['requests', search, method, outcome],
    queryFn: ({ pageParam }) => {
      const query = {
        count: '100',
        ...(search === '' ? {} : { search }),
        ...(method === '' ? {} : { method }),
        ...(outcome === '' ? {} : { outcome }),
        ...(pageParam === '' ? {} : { after: pageParam }),
      };
      return got(api.GET('/program/v1/requests', { params: { query } }));
    },
    initialPageParam: '',
    getNextPageParam: page => page.next,
  });

export const requestQuery = (id: string) =>
  queryOptions({
    queryKey: ['request', id],
    queryFn: () => got(api.GET('/program/v1/requests/{id}', { params: { path: { id } } })),
  });

/** What the sandbox's own receiver heard. */
export const inboxQuery = queryOptions({
  queryKey: ['inbox'],
  queryFn: () => got(api.GET('/program/v1/webhooks/inbox', { params: { query: { count: '100' } } })),
  refetchInterval: EVERY_MS,
});

/** Where events go; none where nothing is registered yet. */
export const registrationQuery = queryOptions({
  queryKey: ['registration'],
  queryFn: async (): Promise<Registration | null> => {
    try {
      return await got(api.GET('/webhooks/v1/registration'));
    } catch (error) {
      if (error instanceof Trouble && error.kind === 'missing') return null;
      throw error;
    }
  },
});

/** The names of the events that can be registered for. */
export const eventsQuery = queryOptions({
  queryKey: ['webhook-events'],
  queryFn: () => got(api.GET('/webhooks/v1/registration/events')),
});

/** The outbox: what was sent, waits, or was given up. */
export const deliveriesQuery = (state: string) =>
  infiniteQueryOptions({
    queryKey: ['deliveries', state],
    queryFn: ({ pageParam }) => {
      const query = {
        size: 100,
        ...(state === '' ? {} : { state }),
        ...(pageParam === '' ? {} : { after: pageParam }),
      };
      return got(api.GET('/program/v1/webhooks/deliveries', { params: { query } }));
    },
    initialPageParam: '',
    getNextPageParam: page => page.next,
    refetchInterval: EVERY_MS,
  });

export const deliveryQuery = (id: string) =>
  queryOptions({
    queryKey: ['delivery', id],
    queryFn: () => got(api.GET('/program/v1/webhooks/deliveries/{id}', { params: { path: { id } } })),
    refetchInterval: query => (query.state.data?.state === 'waiting' ? EVERY_MS : false),
  });

export const applicationsQuery = queryOptions({
  queryKey: ['applications'],
  queryFn: () => got(api.GET('/program/v1/applications')),
});
