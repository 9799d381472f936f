import { type Class, validateBatch } from '#libs/platform';
import { DomainError } from '#libs/kernel';
import { isSharedProof, type Place, type Proven, type SharedProof } from './ledger.messages.js';
import { BATCH_BYTES_MAX, BATCH_LINES_MAX, cutIntoBatches, type LineOutcome } from './line-outcome.js';

/** Answer to every request that carries lines. */
export interface Outcomes<T> {
  readonly outcomes: readonly LineOutcome<T>[];
}

/**
 * Judges each line by its class, gives the good ones to `handle`, and puts all outcomes in the order sent: a bad line is
 * refused alone, with its field and rule.
 */
export async function answerLines<Line extends object, T>(
  type: Class<Line>,
  lines: readonly unknown[],
  handle: (valid: readonly Line[]) => Promise<readonly LineOutcome<T>[]>,
): Promise<Outcomes<T>> {
  const { valid, refused } = validateBatch(type, lines);
  const handled = valid.length === 0 ? [] : await handle(valid.map(({ value }) => value));
  const outcomes = new Array<LineOutcome<T>>(lines.length);
  for (const [index, { line }] of valid.entries()) outcomes[line - 1] = handled[index] as LineOutcome<T>;
  for (const { line, problems } of refused) {
    const [first] = problems;
    const { field = 'line', rule = 'shape', message = 'is not as asked for' } = first ?? {};
    outcomes[line - 1] = { ok: false, problem: { code: 'INVALID_LINE', kind: 'invalid', detail: `line ${line}: ${field} ${message}`, field, rule } };
  }
  return { outcomes };
}

/** The same where the outcomes are proved: `handle` gives the proofs with them. */
export async function answerProvenLines<Line extends object, T>(
  type: Class<Line>,
  lines: readonly unknown[],
  handle: (valid: readonly Line[]) => Promise<Proven<T>>,
): Promise<Proven<T>> {
  let proofs: Proven<T>['proofs'];
  const { outcomes } = await answerLines(type, lines, async (valid) => {
    const proven = await handle(valid);
    proofs = proven.proofs;
    return proven.outcomes;
  });
  return proofs === undefined ? { outcomes } : { outcomes, proofs };
}

/** Sends a JSON body and gives the JSON answer; rejects with a DomainError. */
export type PostJson = (path: string, body: object) => Promise<unknown>;

/**
 * Sends lines in as many batches as they need, one after the other, and gives all outcomes in order. Rejects with the
 * first batch that fails as a whole; what was sent before it was recorded, and may be sent again. `shared` goes into each body.
 */
export async function sendLines<T>(post: PostJson, path: string, lines: readonly object[], shared: object = {}): Promise<readonly LineOutcome<T>[]> {
  return (await sendProvenLines<T>(post, path, lines, shared)).outcomes;
}

/** The same where the answers carry proofs: each outcome's place refers to the proofs of all batches together. */
export async function sendProvenLines<T>(post: PostJson, path: string, lines: readonly object[], shared: object = {}): Promise<Proven<T>> {
  const all: LineOutcome<T>[] = [];
  const proofs: SharedProof[] = [];
  for (const batch of cutIntoBatches(lines, BATCH_LINES_MAX, BATCH_BYTES_MAX - ENVELOPE_BYTES - sizeOf(shared))) {
    const { outcomes, proofs: own = [] } = (await post(path, { ...shared, lines: batch })) as Partial<Proven<T>>;
    if (outcomes?.length !== batch.length || !Array.isArray(own) || !own.every(isSharedProof)) {
      throw new DomainError('UPSTREAM_MALFORMED', 'unavailable', 'the server asked gave another number of outcomes than lines, or no proofs');
    }
    all.push(...outcomes.map((outcome) => movedPlaces(outcome, proofs.length)));
    proofs.push(...own);
  }
  return proofs.length === 0 ? { outcomes: all } : { outcomes: all, proofs };
}

/** Bytes of a body beside its lines. */
const ENVELOPE_BYTES = 1_024;
const sizeOf = (shared: object): number => Buffer.byteLength(JSON.stringify(shared));

/** The outcome where the proofs that its places refer to stand `by` further on now: in its value, or in each of its `events`. */
export function movedPlaces<T>(outcome: LineOutcome<T>, by: number): LineOutcome<T> {
  if (!outcome.ok || by === 0) return outcome;
  const { place, events } = (outcome.value ?? {}) as Placed & { readonly events?: readonly Placed[] };
  if (place === undefined && !Array.isArray(events)) return outcome;
  const moved = (value: Placed): Placed => (value.place === undefined ? value : { ...value, place: { ...value.place, proof: (value.place.proof ?? 0) + by } });
  return { ok: true, value: { ...outcome.value, ...moved(outcome.value as Placed), ...(Array.isArray(events) ? { events: events.map(moved) } : {}) } };
}
interface Placed {
  readonly place?: Place;
}
