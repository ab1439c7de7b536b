// The end-to-end tests: first whether the client is that of this server, then every test file against the program.
// `npm run e2e -- rules` runs those whose file name contains a word. They share a browser, and begin from a copy of one demo program.

import { spawn } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';

import { check } from './client.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const words = process.argv.slice(2);
const { register } = await import('tsx/esm/api');
const unregister = register();
const { Server } = await import('../e2e/server.ts');
const { LAUNCH } = await import('../e2e/browser.ts');
await unregister();

const server = await Server.start();
try {
  await check(server.base);
} finally {
  await server.stop(true);
}

const files = readdirSync(path.join(ROOT, 'e2e'))
  .filter(name => name.endsWith('.test.ts') && (words.length === 0 || words.some(word => name.includes(word))))
  // What takes longest begins first, so that nobody waits for it alone at the end.
  .sort((one, other) => Number(other.startsWith('many')) - Number(one.startsWith('many')))
  .map(name => path.join('e2e', name));
const browser = await chromium.launchServer(LAUNCH);
const env = { ...process.env, TIERLINE_BROWSER: browser.wsEndpoint(), TIERLINE_DEMO: server.directory };
const tests = spawn(
  process.execPath,
  ['--import', 'tsx', '--test', '--test-concurrency=2', '--test-reporter=spec', ...files],
  { cwd: ROOT, stdio: 'inherit', env },
);
const code = await new Promise(resolve => tests.once('exit', resolve));
await browser.close();
rmSync(server.directory, { recursive: true, force: true });
process.exit(code ?? 1);
