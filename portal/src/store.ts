import { useSyncExternalStore } from 'react';

/** A value that lives outside of React: read it anywhere, follow it in a component. */
export interface Store<T> {
  get: () => T;
  set: (value: T) => void;
  subscribe: (told: () => void) => () => void;
}

/** A store that begins with a value. */
export function store<T>(first: T): Store<T> {
  let value = first;
  const all = new Set<() => void>();
  return {
    get: () => value,
    set: next => {
      if (Object.is(next, value)) return;
      value = next;
      for (const told of all) told();
    },
    subscribe: told => {
      all.add(told);
      return () => all.delete(told);
    },
  };
}

/** The value of a store; the component is drawn again when it changes. */
export function useStore<T>(of: Store<T>): T {
  return useSyncExternalStore(of.subscribe, of.get);
}

/** What a browser keeps under a name; none where it keeps nothing, or must not. */
export function kept(storage: () => Storage, name: string): string | null {
  try {
    return storage().getItem(name);
  } catch {
    return null;
  }
}

/** Keeps a text under a name, or forgets it. A browser that keeps nothing forgets at the next reload, and that is all. */
export function keep(storage: () => Storage, name: string, value: string | null): void {
  try {
    if (value === null) storage().removeItem(name);
    else storage().setItem(name, value);
  } catch {
    // Nothing is lost now.
  }
}

export const tab = () => window.sessionStorage;
export const browser = () => window.localStorage;
