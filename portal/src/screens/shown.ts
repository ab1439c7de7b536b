import type { Me } from '../api/queries';
import { screens } from './all';
import { SCREENS, type ScreenId } from './ids';

/** Whether a screen is built at all. */
export const isShown = (id: ScreenId): boolean => screens[id].pages.length > 0;

/** The screens of somebody, in the order of the navigation. */
export function screensOf(me: Me, isSandbox: boolean): ScreenId[] {
  return SCREENS.filter(id => {
    const screen = screens[id];
    const isForRole = screen.roles?.some(role => role === me.role) ?? true;
    return isShown(id) && isForRole && (isSandbox || screen.sandboxOnly !== true);
  });
}
