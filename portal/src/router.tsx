import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';

import { screens } from './screens/all';
import { SCREENS } from './screens/ids';
import { Begin, NotFound } from './shell/places';
import { Root } from './shell/Root';
import { SignedIn } from './shell/SignedIn';

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
