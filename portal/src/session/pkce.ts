/** What proves that whoever exchanges a code is who asked for it (RFC 7636). */

function text(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** A text that nobody guesses, of 43 letters. */
export function secret(): string {
  return text(crypto.getRandomValues(new Uint8Array(32)));
}

/** The challenge of a verifier. */
export async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  return text(new Uint8Array(digest));
}
