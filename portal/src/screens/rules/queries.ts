import { queryOptions } from '@tanstack/react-query';

import { api, got } from '../../api/client';
import type { Answered } from '../../api/shapes';
import type { Lang } from '../../texts/lang';

export type Rule = Answered<'/program/v1/rules/{id}', 'get'>;

/** Every rule, in a language: the texts are the server's. */
export const rulesQuery = (lang: Lang) =>
  queryOptions({
    queryKey: ['rules', lang],
    queryFn: () => got(api.GET('/program/v1/rules')),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** One rule. */
export const ruleQuery = (id: string, lang: Lang) =>
  queryOptions({
    queryKey: ['rules', id, lang],
    queryFn: () => got(api.GET('/program/v1/rules/{id}', { params: { path: { id } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The scenario cases that name a rule; they come with the portal's build. */
export const casesQuery = queryOptions({
  queryKey: ['scenario-cases'],
  queryFn: async () => (await import('virtual:scenario-cases')).default,
  staleTime: Number.POSITIVE_INFINITY,
});
