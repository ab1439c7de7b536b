// After a build: compressed copies beside the files, and the mark that tells cargo to embed them anew.

import { readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const ROOT = path.resolve(import.meta.dirname, '..');
const DIST = path.join(ROOT, 'dist');

for (const entry of readdirSync(DIST, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(js|css|html|svg|json)$/.test(entry.name)) continue;
  const file = path.join(entry.parentPath, entry.name);
  const bytes = readFileSync(file);
  if (entry.name === 'manifest.json') continue;
  const quality = {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  };
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, quality));
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
}

// What `npm run size` needs of the manifest is kept outside of what is served.
writeFileSync(path.join(ROOT, 'node_modules/.portal-manifest.json'), readFileSync(path.join(DIST, 'manifest.json')));
rmSync(path.join(DIST, 'manifest.json'));

const now = new Date();
utimesSync(path.join(ROOT, 'built'), now, now);
