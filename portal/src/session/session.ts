/**
 * Who is signed in, in this tab. Tokens lie in memory and in the tab's own storage, which ends with the tab.
 *
 * Three ways lead here: the server's sign-in page (a code with PKCE, then refresh tokens), a click on somebody of a sandbox, and a
 * token that was pasted. Only the second exists on a sandbox alone.
 */

import { store, keep, kept, tab, useStore } from '../store';
import { challengeOf, secret } from './pkce';
import { inWorld, world } from './world';

/** The client id of the portal, which every server knows. */
const CLIENT = '74696572-6c69-4e65-8f6f-7274616c0001';
const BACK = '/portal/signed-in';
const SESSION = 'tierline.session';
const BEGUN = 'tierline.sign-in';
/** Between windows of this address: the pop-up of a sign-in tells its opener. */
const CHANNEL = 'tierline.sign-in';
/** So long before its end a token is renewed, in milliseconds. */
const MARGIN_MS = 120_000;

export interface Session {
  /** How it began. */
  by: 'page' | 'click' | 'token';
  access: string;
  /** Rotated at each use. */
  refresh?: string;
  /** When the access token ends, in milliseconds of the browser's clock; none where it is not known. */
  until?: number;
  /** Whom a click plays: a short name of `/sandbox/credentials`, and whether it is a customer's. */
  plays?: { handle: string; isCustomer: boolean };
}

/** What a failed sign-in says; `cancelled` and `stale` are told in the portal's own words. */
export class SignInFailure extends Error {
  constructor(
    readonly kind: 'cancelled' | 'stale' | 'failed',
    text = '',
  ) {
    super(text);
  }
}

function first(): Session | null {
  const text = kept(tab, SESSION);
  if (text === null) return null;
  try {
    return JSON.parse(text) as Session;
  } catch {
    return null;
  }
}

export const session = store<Session | null>(first());
session.subscribe(() => {
  const now = session.get();
  keep(tab, SESSION, now === null ? null : JSON.stringify(now));
});

export const useSession = (): Session | null => useStore(session);

/** The session has ended while somebody was at work: the screens stay, and a window asks to sign in again. */
export const ended = store(false);

export function signOut(): void {
  ended.set(false);
  session.set(null);
}

interface Tokens {
  access_token: string;
  refresh_token?: string;
  expires_in: number | string;
}

async function tokens(fields: Record<string, string>): Promise<Tokens> {
  const body = new URLSearchParams({ client_id: CLIENT, ...fields });
  const answer = await fetch('/common/oauth2/v2.0/token', { method: 'POST', body, headers: inWorld() });
  const told = (await answer.json()) as Tokens & { error_description?: string };
  if (!answer.ok) throw new SignInFailure('failed', told.error_description ?? String(answer.status));
  return told;
}

function of(told: Tokens): Session {
  return {
    by: 'page',
    access: told.access_token,
    until: Date.now() + Number(told.expires_in) * 1000,
    ...(told.refresh_token === undefined ? {} : { refresh: told.refresh_token }),
  };
}

interface Begun {
  state: string;
  verifier: string;
  /** The path to go on at. */
  then: string;
}

const backHere = () => `${window.location.origin}${BACK}`;

async function address(begun: Begun): Promise<string> {
  const query = new URLSearchParams({
    client_id: CLIENT,
    response_type: 'code',
    redirect_uri: backHere(),
    state: begun.state,
    code_challenge: await challengeOf(begun.verifier),
    code_challenge_method: 'S256',
  });
  return `/common/oauth2/authorize?${query}`;
}

/** Leaves for the sign-in page; it leads back to `then`. */
export async function begin(then: string): Promise<void> {
  const begun = { state: secret(), verifier: secret(), then };
  keep(tab, BEGUN, JSON.stringify(begun));
  window.location.assign(await address(begun));
}

/**
 * The end of a sign-in: the code that came back, for tokens. Answers where to go on; none where this is the pop-up of another
 * window, which is told instead.
 */
export async function finish(query: URLSearchParams): Promise<string | null> {
  const state = query.get('state') ?? '';
  if (state.startsWith('window.')) {
    const channel = new BroadcastChannel(CHANNEL);
    channel.postMessage(query.toString());
    channel.close();
    window.close();
    return null;
  }
  const text = kept(tab, BEGUN);
  keep(tab, BEGUN, null);
  const begun = text === null ? null : (JSON.parse(text) as Begun);
  if (begun?.state !== state) throw new SignInFailure('stale');
  session.set(of(await exchanged(query, begun.verifier)));
  return begun.then;
}

async function exchanged(query: URLSearchParams, verifier: string): Promise<Tokens> {
  const error = query.get('error');
  if (error === 'access_denied') throw new SignInFailure('cancelled');
  if (error !== null) throw new SignInFailure('failed', query.get('error_description') ?? error);
  const code = query.get('code') ?? '';
  return tokens({ grant_type: 'authorization_code', code, redirect_uri: backHere(), code_verifier: verifier });
}

/** Signs in again in a window of its own, so that this one keeps what was typed. False where the browser opened none. */
export async function again(): Promise<boolean> {
  const begun = { state: `window.${secret()}`, verifier: secret(), then: '' };
  const came = new Promise<URLSearchParams>(resolve => {
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = event => {
      const query = new URLSearchParams(String(event.data));
      if (query.get('state') !== begun.state) return;
      channel.close();
      resolve(query);
    };
  });
  const opened = window.open(await address(begun), 'tierline-sign-in', 'popup,width=480,height=720');
  if (opened === null) return false;
  session.set(of(await exchanged(await came, begun.verifier)));
  ended.set(false);
  return true;
}

/** Takes a token that was issued elsewhere, for this tab. */
export function takeToken(access: string): void {
  session.set({ by: 'token', access });
}

/** Somebody of a sandbox, as `/sandbox/credentials` lists them. */
export interface Somebody {
  name: string;
  handle: string;
  kind: string;
  state: string;
  country: string;
  user?: string;
  accessTokenUser: string;
  /** As a sign-in in the portal gives it; a partner's user has one. */
  accessTokenPortal?: string;
}

/** Everybody of a sandbox's world, or one customer's administrator; none where there is no such customer. */
export async function everybody(customer?: string, of = world.get()): Promise<Somebody[]> {
  const query = customer === undefined ? '' : `?customer=${encodeURIComponent(customer)}`;
  const answer = await fetch(`/sandbox/credentials${query}`, { headers: inWorld(of) });
  if (!answer.ok) return [];
  return ((await answer.json()) as { principals: Somebody[] }).principals;
}

/** Becomes somebody of a sandbox, in this world or another. */
export function become(found: Somebody, of = world.get()): void {
  const { handle, accessTokenPortal: access = found.accessTokenUser } = found;
  const isCustomer = found.kind === 'customer';
  ended.set(false);
  world.set(of);
  session.set({
    by: 'click',
    access,
    until: lifeOf(access),
    plays: { handle, isCustomer },
  });
}

/** Becomes somebody of a sandbox by name. False where nobody is called so. */
export async function play(handle: string, isCustomer: boolean, of = world.get()): Promise<boolean> {
  const found = (await everybody(isCustomer ? handle : undefined, of)).find(one => one.handle === handle);
  if (found !== undefined) become(found, of);
  return found !== undefined;
}

interface Claims {
  exp: number;
  iat: number;
  tid: string;
  upn?: string;
}

/** What a token says of itself; none where it is no token of the usual form. */
function claimsOf(token: string): Claims | null {
  try {
    const middle = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    return JSON.parse(atob(middle)) as Claims;
  } catch {
    return null;
  }
}

/** Until when a token lives, by this browser's clock; what it says is by the server's. */
function lifeOf(token: string): number {
  const claims = claimsOf(token);
  return Date.now() + (claims === null ? 3600 : claims.exp - claims.iat) * 1000;
}

/** Whose token it is: the same text for every token of the same person. */
export function whoseIs(of: Session | null): string {
  if (of === null) return '';
  const claims = claimsOf(of.access);
  return claims === null ? of.access : `${claims.tid} ${claims.upn ?? ''}`;
}

let renewing: Promise<boolean> | null = null;

async function renewed(now: Session): Promise<boolean> {
  if (now.plays !== undefined) return play(now.plays.handle, now.plays.isCustomer);
  if (now.refresh === undefined) return false;
  session.set(of(await tokens({ grant_type: 'refresh_token', refresh_token: now.refresh })));
  return true;
}

/** A fresh token in the place of one that ends or has ended. Many calls at once ask for one. */
export function renew(): Promise<boolean> {
  const now = session.get();
  if (now === null) return Promise.resolve(false);
  renewing ??= renewed(now)
    .catch((error: unknown) => {
      // Out of reach is not refused: the session may still hold.
      if (error instanceof SignInFailure) return false;
      throw error;
    })
    .finally(() => {
      renewing = null;
    });
  return renewing;
}

/** The token to send, renewed where it is about to end; none where nobody is signed in. */
export async function access(): Promise<string | null> {
  const now = session.get();
  if (now?.until !== undefined && now.until - Date.now() < MARGIN_MS) await renew();
  return session.get()?.access ?? null;
}

/** Waits until somebody has signed in again; false where he left instead. */
export function signedInAgain(): Promise<boolean> {
  ended.set(true);
  return new Promise(resolve => {
    const stop = ended.subscribe(() => {
      if (ended.get()) return;
      stop();
      resolve(session.get() !== null);
    });
  });
}
