import type { components, paths } from './schema';

/** What a path answers to a method: `Answered<'/program/v1/me', 'get'>`. */
export type Answered<P extends keyof paths, M extends keyof paths[P]> = paths[P][M] extends {
  responses: { 200: { content: { 'application/json': infer T } } };
}
  ? T
  : never;

export type Me = Answered<'/program/v1/me', 'get'>;
export type DecisionView = Answered<'/program/v1/decisions', 'post'>;
export type Violation = components['schemas']['ViolationView'];
export type ActView = components['schemas']['ActView'];
export type ChainView = components['schemas']['ChainView'];
export type RemedyView = components['schemas']['RemedyView'];
