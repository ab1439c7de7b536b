import { keep, kept, store, tab, useStore } from '../store';

/**
 * Which world of a sandbox this tab is in: none for the server's own. A world that has a host name of its own answers there
 * without this.
 */
const WORLD = 'tierline.world';

export const world = store<string | null>(kept(tab, WORLD));
world.subscribe(() => keep(tab, WORLD, world.get()));

export const useWorld = (): string | null => useStore(world);

/** The header that chooses a world. */
export function inWorld(of: string | null = world.get()): Record<string, string> {
  return of === null ? {} : { 'X-Tierline-World': of };
}
