/** Programs as large as nobody types them. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Server } from './server.ts';

/** One provider of a program. */
export interface Size {
  /** Short name of the provider; the names of its resellers and customers begin with it. */
  provider: string;
  resellers: number;
  customers: number;
}

/** The name of a company by its number; what one wants to try is a name of one's own. */
type Named = (kind: 'Distribution' | 'Reseller' | 'Customer', index: number) => string;

const numbered: Named = (kind, index) => `${kind} ${String(index).padStart(5, '0')}`;

/** The facts of a provider, its resellers, and its customers, each served by one of the resellers too. */
function factsOf({ provider, resellers, customers }: Size, named: Named): object[] {
  const facts: object[] = [];
  const enter = (id: string, name: string) => {
    facts.push({ organization: { id: `ORG-${id}`, name, headquarters: 'US' } });
    return { organization: `ORG-${id}`, country: 'US' };
  };
  facts.push({ partner: { id: provider, type: 'indirect_provider', ...enter(provider, named('Distribution', 0)) } });
  for (let index = 0; index < resellers; index += 1) {
    const id = `${provider}-r${index}`;
    facts.push({ partner: { id, type: 'indirect_reseller', ...enter(id, named('Reseller', index)) } });
    facts.push({ partnership: { provider, reseller: id } });
  }
  for (let index = 0; index < customers; index += 1) {
    const id = `${provider}-c${index}`;
    facts.push({ customer: { id, ...enter(id, named('Customer', index)) } });
    facts.push({ relationship: { partner: provider, customer: id } });
    if (resellers > 0) facts.push({ relationship: { partner: `${provider}-r${index % resellers}`, customer: id } });
  }
  return facts;
}

/** A server whose world holds such providers, and whatever else is given. */
export async function serverOf(sizes: Size[], named: Named = numbered, more: object[] = []): Promise<Server> {
  const directory = mkdtempSync(path.join(tmpdir(), 'tierline-many-'));
  try {
    const facts = [...more, ...sizes.flatMap(size => factsOf(size, named))];
    const world = path.join(directory, 'world.yaml');
    const lines = facts.map(fact => `  - ${JSON.stringify(fact)}\n`).join('');
    writeFileSync(world, `today: 2026-01-15T12:00:00Z\ngiven:\n${lines}`);
    return await Server.start(['--sandbox', '--world', world]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
