// The end-to-end tests: first whether the client is that of this server, then every test file against the program.
// `npm run e2e -- rules` runs those whose file name contains a word.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';

import { check } from './client.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const words = process.argv.slice(2);
const { register } = await import('tsx/esm/api');
const unregister = register();
const { Server } = await import('../e2e/server.ts');
await unregister();

const server = await Server.start();
try {
  await check(server.base);
} finally {
  await server.stop();
}

const files = readdirSync(path.join(ROOT, 'e2e'))
  .filter(name => name.endsWith('.test.ts') && (words.length === 0 || words.some(word => name.includes(word))))
  .map(name => path.join('e2e', name));
const done = spawnSync(
  process.execPath,
  ['--import', 'tsx', '--test', '--test-concurrency=2', '--test-reporter=spec', ...files],
  {
    cwd: ROOT,
    stdio: 'inherit',
  },
);
process.exit(done.status ?? 1);
