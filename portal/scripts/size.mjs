// How much compressed script a browser loads before it shows something. Fails above the limit.

import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const LIMIT_BYTES = 300_000;
const ROOT = path.resolve(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(path.join(ROOT, 'node_modules/.portal-manifest.json'), 'utf8'));

/** A chunk and everything that it imports before it runs. */
function loaded(name, found = new Set()) {
  if (!found.has(name)) {
    found.add(name);
    for (const other of manifest[name].imports ?? []) loaded(other, found);
  }
  return found;
}

// gzip is what a browser takes everywhere; brotli is smaller still, and sent where it is read.
const bytes = names =>
  [...names].reduce((sum, name) => sum + statSync(path.join(ROOT, 'dist', `${manifest[name].file}.gz`)).size, 0);

const entry = Object.keys(manifest).find(name => manifest[name].isEntry);
const first = loaded(entry);
const begin = bytes(first);
console.log(`first load: ${begin} of ${LIMIT_BYTES} bytes of compressed script`);
for (const name of Object.keys(manifest).filter(name => manifest[name].isDynamicEntry)) {
  const more = bytes([...loaded(name)].filter(other => !first.has(other)));
  console.log(`  ${String(more).padStart(7)}  ${name}`);
}
if (begin > LIMIT_BYTES) {
  console.error(`the first load is ${begin - LIMIT_BYTES} bytes too large: import lazily what the shell does not show`);
  process.exit(1);
}
