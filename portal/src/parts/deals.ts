import { queryOptions } from '@tanstack/react-query';

import { api, got } from '../api/client';
import type { DecisionView } from '../api/shapes';
import { lang } from '../texts/lang';

/** An act as the server decides on it. */
export interface Deal {
  verb: string;
  params: Record<string, unknown>;
  /** Who tries it; the caller without it. Only the operator names somebody else. */
  as?: string;
}

/**
 * A dry run: whether something may be done, and why not. Whether a button can be pressed is asked here and nowhere else.
 *
 * ```ts
 * const decision = useQuery(decisionQuery({ verb: 'order', params: { customer, item, quantity } }));
 * ```
 */
export const decisionQuery = (deal: Deal) =>
  queryOptions({
    queryKey: ['decision', deal, lang.get()],
    queryFn: (): Promise<DecisionView> => got(api.POST('/program/v1/decisions', { body: deal })),
  });

/** Gives a command by name: what every screen's changes go through that no resource's own path is for. */
export function command(verb: string, params: Record<string, unknown>, id: string): Promise<unknown> {
  return got(
    api.POST('/program/v1/commands/{verb}', {
      params: { path: { verb } },
      body: params,
      headers: { 'MS-RequestId': id },
    }),
  ).then(answer => answer.result);
}
