import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

import { scenarioCases } from './scripts/cases.mjs';

/** The server that `npm run dev` talks to. */
const server = process.env.TIERLINE_SERVER ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: '/portal/',
  plugins: [react(), scenarioCases()],
  build: {
    target: 'es2023',
    // The policy of the server takes no script and no style that stands in a page, and no data in their place.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: 'manifest.json',
  },
  server: {
    // Signing in leads back to the address that the browser asked for, so the host name is passed on as it is.
    proxy: Object.fromEntries(
      ['/v1', '/v1.0', '/program', '/sandbox', '/common', '/openapi.json', '/docs'].map(path => [
        path,
        { target: server, changeOrigin: false },
      ]),
    ),
  },
});
