import { createDOMRenderer, FluentProvider, RendererProvider } from '@fluentui/react-components';
import { noop, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode, useLayoutEffect } from 'react';
import { createRoot } from 'react-dom/client';

import { clockQuery, meQuery, queries, serverQuery } from './api/queries';
import { router } from './router';
import { session } from './session/session';
import { dark, light, useIsDark } from './theme/theme';
import './page.css';

// What the shell shows is asked for at once: the script of the screen is on its way meanwhile. Whoever shows it tells of failures.
void queries.query(serverQuery).catch(noop);
if (session.get() !== null) {
  void queries.query(meQuery).catch(noop);
  void queries.query(clockQuery).catch(noop);
}

const renderer = createDOMRenderer(document);

function Portal() {
  const isDark = useIsDark();
  // What lies outside of the theme's element, such as scroll bars and what is seen beside a window, is of the same kind.
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
  }, [isDark]);
  return (
    <RendererProvider renderer={renderer}>
      <FluentProvider theme={isDark ? dark : light}>
        {/* Not the provider itself: its classes stand on every window as well, which would then be as high as the page. */}
        <div className="portal" data-theme={isDark ? 'dark' : 'light'}>
          <QueryClientProvider client={queries}>
            <RouterProvider router={router} />
          </QueryClientProvider>
        </div>
      </FluentProvider>
    </RendererProvider>
  );
}

const place = document.getElementById('portal');
if (place !== null) {
  // What is hidden behind a window is out of reach as well, for the keyboard too.
  new MutationObserver(() => {
    place.inert = place.getAttribute('aria-hidden') === 'true';
  }).observe(place, { attributeFilter: ['aria-hidden'] });
  createRoot(place).render(
    <StrictMode>
      <Portal />
    </StrictMode>,
  );
}
