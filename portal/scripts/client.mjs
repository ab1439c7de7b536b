// Writes the types of the API client from the document of a running server, or with --check says whether they are stale.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';

const FILE = path.resolve(import.meta.dirname, '../src/api/schema.d.ts');
const HEAD = `// Written by \`npm run client\` from /openapi.json of a running server; never by hand.
// tidy: long because it is generated
`;

export async function client(server) {
  const document = await (await fetch(new URL('/openapi.json', server))).json();
  return HEAD + astToString(await openapiTS(document, { emptyObjectsUnknown: true }));
}

/** Fails where the tracked types are not those of this server. */
export async function check(server) {
  if ((await client(server)) !== readFileSync(FILE, 'utf8')) {
    throw new Error('portal/src/api/schema.d.ts is stale: start the server and run `npm run client` in portal/');
  }
}

if (process.argv[1] === import.meta.filename) {
  const server = process.env.TIERLINE_SERVER ?? 'http://127.0.0.1:8080';
  if (process.argv.includes('--check')) await check(server);
  else writeFileSync(FILE, await client(server));
}
