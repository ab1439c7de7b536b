/**
 * The client of the server's public API. Paths, parameters and bodies are typed by what `/openapi.json` says (`schema.d.ts`).
 *
 * ```ts
 * const page = await got(api.GET('/program/v1/schedule', { params: { query: { count: '20' } } }));
 * ```
 *
 * `got` answers the body or throws a `Trouble`. What a call can meet and get over by itself is got over here: a token that ends is
 * renewed, a session that has ended waits for another sign-in, a server that asks to wait is waited for. A write has an id, so
 * that it is done once however often it is sent.
 */

import createClient from 'openapi-fetch';

import { access, renew, session, signedInAgain } from '../session/session';
import { inWorld } from '../session/world';
import { store } from '../store';
import { lang, localeOf } from '../texts/lang';
import type { paths } from './schema';
import { Trouble, troubleOf } from './trouble';

/** Until when the server asks everybody to wait, in milliseconds; none where it does not. */
export const waiting = store<number | null>(null);
/** Whether the last call found no connection. */
export const isLost = store(false);
/** Longest wait that a call takes upon itself, in seconds. */
const WAIT_MAX_S = 120;

async function wait(seconds: number): Promise<void> {
  const until = Date.now() + seconds * 1000;
  waiting.set(Math.max(waiting.get() ?? 0, until));
  await new Promise(resolve => window.setTimeout(resolve, seconds * 1000));
  if ((waiting.get() ?? 0) <= Date.now()) waiting.set(null);
}

async function once(request: Request): Promise<Response> {
  const token = await access();
  const sent = new Request(request.clone());
  if (token !== null && !sent.headers.has('authorization')) sent.headers.set('Authorization', `Bearer ${token}`);
  sent.headers.set('X-Locale', localeOf(lang.get()));
  for (const [name, value] of Object.entries(inWorld())) if (!sent.headers.has(name)) sent.headers.set(name, value);
  try {
    const response = await fetch(sent);
    isLost.set(false);
    return response;
  } catch {
    isLost.set(true);
    throw new Trouble('lost');
  }
}

/** Sends a request until it has an answer that is for whoever asked. */
async function sent(request: Request): Promise<Response> {
  const isOwn = !request.headers.has('authorization');
  // With an id a write counts once, also where its answer was lost.
  if (request.method !== 'GET' && !request.headers.has('ms-requestid')) {
    request.headers.set('MS-RequestId', crypto.randomUUID());
  }
  let isRenewed = false;
  for (;;) {
    const response = await once(request);
    if (response.status === 429) {
      const seconds = Number(response.headers.get('retry-after') ?? '1');
      if (seconds > WAIT_MAX_S) return response;
      await wait(Math.max(seconds, 1));
    } else if (response.status === 401 && isOwn && session.get() !== null) {
      if (!isRenewed && (await renew())) isRenewed = true;
      else if (await signedInAgain()) isRenewed = false;
      else return response;
    } else {
      return response;
    }
  }
}

export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: sent });

/** The body of an answer. Throws a `Trouble` where there is none. */
export async function got<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw troubleOf(response, error);
  return data as T;
}

/** The body of any answer of a path that the document does not describe in full. */
export async function fetched(path: string, init?: RequestInit): Promise<Response> {
  const response = await sent(new Request(new URL(path, window.location.origin), init));
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  throw troubleOf(response, body);
}
