import type { DecisionView } from './shapes';

/** What kind of answer a failure needs; see `parts/Answer`. */
export type Kind =
  | 'lost' // no connection
  | 'signed-out' // 401, and nobody signed in again
  | 'stale' // 409 or 412: it changed meanwhile
  | 'busy' // 429 for longer than anybody waits
  | 'refused' // a rule forbids it
  | 'invalid' // 400
  | 'missing' // 404
  | 'forbidden' // 403 without a rule
  | 'not-built' // 501
  | 'failed'; // 5xx

/** A call that did not work, with everything the server said of it. */
export class Trouble extends Error {
  constructor(
    readonly kind: Kind,
    readonly told: {
      status?: number;
      code?: number;
      /** The server's own sentence, in the caller's language. */
      text?: string;
      /** Which field of what was sent is meant. */
      field?: string;
      /** Ids of the rules behind it. */
      rules?: string[];
      /** The whole decision, where the server sent one. */
      decision?: DecisionView;
      /** Under which the refusal was kept. */
      kept?: string;
      /** By which the server's records are found. */
      trace?: string;
      /** Seconds to wait. */
      after?: number;
    } = {},
  ) {
    super(told.text ?? kind);
    this.name = 'Trouble';
  }
}

/** A body of either shape of failures. */
interface Body {
  detail?: string;
  description?: string;
  message?: string;
  code?: number | null;
  data?: string[];
  decision?: DecisionView;
  error?: { message?: string };
}

const RULE = /^[A-Z]{3}-\d{3}$/;
/** `field: what is wrong with it`, as the server names fields. */
const FIELD = /^([A-Za-z][\w.[\]]*): /;

function kindOf(status: number, rules: string[], field: string | undefined): Kind {
  if (status === 401) return 'signed-out';
  if (status === 429) return 'busy';
  if (status === 501) return 'not-built';
  if (status >= 500) return 'failed';
  if (rules.length > 0) return 'refused';
  // The documented paths tell of a version that has passed with a 400 as well.
  if (status === 409 || status === 412 || field === 'etag') return 'stale';
  if (status === 404 || status === 410) return 'missing';
  if (status === 403) return 'forbidden';
  return 'invalid';
}

/** The trouble that an answer tells of. */
export function troubleOf(response: Response, sent: unknown): Trouble {
  const body = (typeof sent === 'object' && sent !== null ? sent : {}) as Body;
  const text = body.detail ?? body.description ?? body.message ?? body.error?.message;
  const rules = body.decision?.violations.map(one => one.rule) ?? body.data?.filter(one => RULE.test(one)) ?? [];
  const field = text === undefined ? undefined : FIELD.exec(text)?.[1];
  const kept = body.decision?.id ?? response.headers.get('x-decision-id') ?? undefined;
  const trace = response.headers.get('ms-correlationid');
  const after = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new Trouble(kindOf(response.status, rules, field), {
    status: response.status,
    ...(text === undefined ? {} : { text }),
    ...(typeof body.code === 'number' ? { code: body.code } : {}),
    ...(field === undefined ? {} : { field }),
    ...(rules.length === 0 ? {} : { rules }),
    ...(body.decision === undefined ? {} : { decision: body.decision }),
    ...(kept === undefined ? {} : { kept }),
    ...(trace === null ? {} : { trace }),
    ...(Number.isNaN(after) ? {} : { after }),
  });
}
