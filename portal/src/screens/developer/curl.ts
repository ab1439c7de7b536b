import type { Call } from './queries';

/** A text as one word of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Headers that curl writes itself, or that belong to one connection. */
const OWN = new Set(['host', 'connection', 'content-length', 'accept-encoding', 'user-agent', 'origin', 'referer']);

/** A call as a line for a shell; the token is never in the log, so it is asked for by name. */
export function curl(call: Call, base: string): string {
  const address = `${base}${call.path}${call.query === undefined ? '' : `?${call.query}`}`;
  const headers = call.headers.filter(header => !OWN.has(header.name) && header.name !== 'authorization');
  const parts = [
    `curl -X ${call.method} ${quoted(address)}`,
    '-H "Authorization: Bearer $TOKEN"',
    ...headers.map(header => `-H ${quoted(`${header.name}: ${header.value}`)}`),
    ...(call.body.text === undefined ? [] : [`--data-raw ${quoted(call.body.text)}`]),
  ];
  return parts.join(' \\\n  ');
}
