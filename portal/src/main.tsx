import { createDOMRenderer, FluentProvider, RendererProvider } from '@fluentui/react-components';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { queries } from './api/queries';
import { router } from './router';
import { dark, light, useIsDark } from './theme/theme';
import './page.css';

const renderer = createDOMRenderer(document);

function Portal() {
  const isDark = useIsDark();
  return (
    <RendererProvider renderer={renderer}>
      <FluentProvider theme={isDark ? dark : light} className="portal" data-theme={isDark ? 'dark' : 'light'}>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
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
