import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import type { Answered } from '../../api/shapes';

export type Posture = Answered<'/program/v1/security', 'get'>;
export type Finding = Posture['findings'][number];
export type CallDay = Posture['calls']['days'][number];
export type Alert = Answered<'/program/v1/fraud-events/{id}', 'get'>;

/** What may be detected, as the operator reports it. */
export const KINDS = [
  'usage_anomaly_detection',
  'network_connections_to_crypto_mining_pools',
  'virtual_machine_deployment_anomaly',
  'multi_region_virtual_machine_scale_set_deployment_anomaly',
  'multi_region_machine_learning_usage_anomaly',
  'service_health_security_advisory',
] as const satisfies readonly Alert['kind'][];

/** How much an alert weighs, from the most to the least. */
export const LEVELS = ['high', 'medium', 'low'] as const satisfies readonly Alert['severity'][];

/** How safely a partner works: the one that looks, or one that the operator names. */
export const postureQuery = (partner: string) =>
  queryOptions({
    queryKey: ['security', partner],
    queryFn: () => got(api.GET('/program/v1/security', { params: { query: partner === '' ? {} : { partner } } })),
  });

/** Alerts of fraud in a state, the latest first. */
export const alertsQuery = (status: string) =>
  infiniteQueryOptions({
    queryKey: ['fraud-events', status],
    queryFn: ({ pageParam }) => {
      const query = {
        count: '100',
        ...(status === '' ? {} : { status }),
        ...(pageParam === '' ? {} : { after: pageParam }),
      };
      return got(api.GET('/program/v1/fraud-events', { params: { query } }));
    },
    initialPageParam: '',
    getNextPageParam: page => page.next,
  });

/** One alert. */
export const alertQuery = (id: string) =>
  queryOptions({
    queryKey: ['fraud-event', id],
    queryFn: () => got(api.GET('/program/v1/fraud-events/{id}', { params: { path: { id } } })),
  });
