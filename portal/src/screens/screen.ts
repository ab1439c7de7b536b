import type { ComponentType } from 'react';

import type { Me } from '../api/queries';
import type { Role, ScreenId } from './ids';

/** A page of a screen: where it is below the screen, and its component, loaded when it is opened. */
export interface PagePlace {
  /** Below `/SCREEN`: `''` for the screen itself, `'$id'` for one of its things, `'$id/orders'` … */
  path: string;
  load: () => Promise<{ default: ComponentType }>;
  /**
   * Asks for what the page shows first while its script is still on its way. Without it the page asks when it is drawn, and what
   * takes long comes one after the other.
   */
  ask?: (me: Me, search: Record<string, string>) => Promise<unknown>;
}

/** A screen: what `routes.tsx` of its folder exports as `screen`. */
export interface Screen {
  id: ScreenId;
  /** Who has it in the navigation and may open it; everybody without. What may be done there the server decides. */
  roles?: readonly Role[];
  /** There is no such thing on a server in production. */
  sandboxOnly?: boolean;
  /** Empty as long as the screen is not built: then it is not in the navigation and has no address. */
  pages: readonly PagePlace[];
}
