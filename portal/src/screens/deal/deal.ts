import type { Role } from '../ids';

/** What the desk decides on: the command, and the parameters that have fields of their own, in their order. */
export const FIELDS = {
  order: ['customer', 'item', 'quantity', 'term', 'frequency', 'partner_of_record', 'attestation_accepted'],
  request_order: ['provider', 'customer', 'item', 'quantity', 'term', 'frequency', 'note'],
  invite_customer: ['customer'],
  invite_partner: ['partner'],
  administer: ['customer', 'task'],
} as const;

export type Verb = keyof typeof FIELDS;
export type FieldName = (typeof FIELDS)[Verb][number];

/** Without these there is nothing to decide on. */
export const NEEDED: Record<Verb, FieldName[]> = {
  order: ['customer', 'item'],
  request_order: ['provider', 'customer', 'item'],
  invite_customer: ['customer'],
  invite_partner: ['partner'],
  administer: ['customer', 'task'],
};

/** What somebody sees offered. Whether it may is decided by the server, so a reseller may well try to order. */
export const OFFERED: Partial<Record<Role, Verb[]>> = {
  operator: ['order', 'request_order', 'invite_customer', 'invite_partner', 'administer'],
  indirect_provider: ['order', 'invite_customer', 'invite_partner', 'administer'],
  indirect_reseller: ['order', 'request_order', 'invite_customer', 'administer'],
  direct_bill: ['order', 'invite_customer', 'administer'],
};

export const isVerb = (text: string): text is Verb => Object.hasOwn(FIELDS, text);

/** A parameter as it stands in the address, as the server takes it. */
function valueOf(name: string, text: string): unknown {
  if (name === 'quantity') return /^\d{1,15}$/.test(text) ? Number(text) : text;
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^[[{]/.test(text)) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  }
  return text;
}

/**
 * The parameters of an act from what stands in the address. Those without a field of their own, as a remedy may bring them along,
 * go with it unchanged.
 */
export function paramsOf(verb: Verb, all: Record<string, string | undefined>): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  const fields: readonly string[] = FIELDS[verb];
  const ofOthers = new Set(Object.values(FIELDS).flat() as string[]);
  for (const [name, text] of Object.entries(all)) {
    const isHere = fields.includes(name) || !ofOthers.has(name);
    if (name === 'do' || name === 'as' || text === undefined || text.trim() === '' || !isHere) continue;
    params[name] = valueOf(name, text.trim());
  }
  return params;
}
