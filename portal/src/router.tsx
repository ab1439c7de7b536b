import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';

import { meQuery, queries } from './api/queries';
import { screens } from './screens/all';
import { SCREENS } from './screens/ids';
import type { PagePlace } from './screens/screen';
import { session } from './session/session';
import { Begin, NotFound } from './shell/places';
import { Root } from './shell/Root';
import { SignedIn } from './shell/SignedIn';

async function begun(ask: NonNullable<PagePlace['ask']>, search: Record<string, string>): Promise<void> {
  if (session.get() === null) return;
  try {
    await ask(await queries.query(meQuery), search);
  } catch {
    // Whatever asks for it again when it is drawn tells what happened.
  }
}

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

const routes = [
  createRoute({ getParentRoute: () => root, path: '/', component: Begin }),
  createRoute({ getParentRoute: () => root, path: '/signed-in', component: SignedIn }),
  ...SCREENS.flatMap(id =>
    screens[id].pages.map(page =>
      createRoute({
        getParentRoute: () => root,
        path: page.path === '' ? `/${id}` : `/${id}/${page.path}`,
        component: lazyRouteComponent(page.load),
        // Nobody waits for it here: the page has its own words for what comes late, or does not come.
        loader: ({ location, cause }) => {
          if (page.ask !== undefined && cause === 'enter') void begun(page.ask, location.search);
        },
      }),
    ),
  ),
];

/** The router. What stands in a query is text: a screen reads a number from it where it wants one. */
export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: '/portal',
  defaultPreload: 'intent',
  scrollRestoration: true,
  parseSearch: text => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: search => {
    const text = new URLSearchParams(search as Record<string, string>).toString();
    return text === '' ? '' : `?${text}`;
  },
});
