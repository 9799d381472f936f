import { type ExchangeOutcome, ROLES } from '#libs/domain';
import { CORE_FROM, FLAG, type Place, type Kind, kindOf, KINDS, PROVIDER_FROM, type Rows, UNKNOWN_KIND, PLACE } from './rows.js';

const bit = (...kinds: readonly Kind[]): number => kinds.reduce((mask, kind) => mask | (1 << kindOf(kind)), 0);
const K = Object.fromEntries(KINDS.map((kind, index) => [kind, index])) as Readonly<Record<Kind, number>>;

const PROVIDED = bit(
  ...(['QuerySubmitted', 'QueryDecisionReceived', 'ProvisionReceived'] as const),
  ...(['QueryPermitted', 'ProvisionRecorded', 'ReceiptRecorded', 'ProvisionDemanded', 'ProvisionMade'] as const),
);
const HOLD = bit('ProvisionHeld', 'ProvisionHeldRecorded');
const RELEASED = HOLD | bit('ProvisionReleased');
const NOT_PROVIDED = bit(
  ...(['QuerySubmitted', 'QueryDecisionReceived', 'QueryEnded', 'QueryPermitted', 'NoProvisionRecorded', 'ProvisionDemanded', 'ProvisionNotMade'] as const),
);
const DENIED = bit('QuerySubmitted', 'QueryDecisionReceived', 'QueryDenied');
const IMPOSSIBLE = bit('QuerySubmitted', 'QueryDecisionReceived', 'QueryEnded', 'QueryPermitted', 'NotificationImpossible');

/** The courses in which the provider is notified and answers. */
const ORDINARY = new Set([PROVIDED, PROVIDED | RELEASED, NOT_PROVIDED, NOT_PROVIDED | HOLD]);

/** The rows of one exchange among many, by kind. */
export class Group {
  readonly #row = new Int32Array(KINDS.length + 1);
  #mask = 0;
  #isPlain = true;
  #first = -1;
  /** Revisions seen, a bit each, and how many, at requester, core and provider. */
  readonly #revisions = new Int32Array(3);
  readonly #counts = new Int32Array(3);

  constructor(private readonly rows: Rows) {}

  /** Begins an exchange. */
  clear(): void {
    this.#mask = 0;
    this.#isPlain = true;
    this.#first = -1;
    this.#revisions.fill(0);
    this.#counts.fill(0);
  }

  add(row: number): void {
    const kind = this.rows.kind(row);
    const revision = this.rows.revision(row);
    if (this.#first < 0) this.#first = row;
    const party = kind < CORE_FROM ? 0 : kind < PROVIDER_FROM ? 1 : 2;
    if (kind === UNKNOWN_KIND || this.rows.role(row) !== ROLES[party] || revision > 29 || (this.#mask & (1 << kind)) !== 0) this.#isPlain = false;
    else {
      this.#row[kind] = row;
      this.#mask |= 1 << kind;
      this.#revisions[party] = (this.#revisions[party] ?? 0) | (1 << revision);
      this.#counts[party] = (this.#counts[party] ?? 0) + 1;
    }
  }

  get first(): number {
    return this.#first;
  }

  /** A row that carries the facts of the query; undefined where none is left. */
  get facts(): number | undefined {
    return (['QueryPermitted', 'QuerySubmitted', 'QueryDenied', 'ProvisionDemanded'] as const)
      .map((kind) => ((this.#mask & (1 << K[kind])) !== 0 ? this.#row[K[kind]] : undefined))
      .find((row) => row !== undefined);
  }

  /**
   * How it ended, where it is one of the ordinary courses and all that the rule compares agrees, so that the whole rule
   * would find it matched. Undefined: the whole rule is to judge. A specification holds the two equal.
   */
  matched(): ExchangeOutcome | undefined {
    if (!this.#isPlain || !this.#areRevisionsWhole()) return undefined;
    if (this.#mask === DENIED) return this.#isDecided('QueryDenied') ? 'denied' : undefined;
    if (this.#mask === IMPOSSIBLE) return this.#isDecided('QueryPermitted') && this.#isImpossible() ? 'impossible' : undefined;
    return ORDINARY.has(this.#mask) && this.#isQueryMatched() ? this.#answered() : undefined;
  }

  #answered(): ExchangeOutcome | undefined {
    switch (this.#mask) {
      case PROVIDED:
        return this.#isProvided(true) ? 'provided' : undefined;
      case PROVIDED | RELEASED:
        return this.#isProvided(false) && this.#isHeld() ? 'provided' : undefined;
      case NOT_PROVIDED:
        return this.#isNotProvided() ? 'not-provided' : undefined;
      case NOT_PROVIDED | HOLD:
        return this.#isNotProvided() && this.#isHeld() ? 'not-provided' : undefined;
      default:
        return undefined;
    }
  }

  #areRevisionsWhole(): boolean {
    return this.#revisions.every((seen, party) => seen === (1 << (this.#counts[party] ?? 0)) - 1);
  }

  #same(kind: Kind, place: Place, other: Kind, otherPlace: Place): boolean {
    return this.rows.same(this.#row[K[kind]] ?? 0, place, this.#row[K[other]] ?? 0, otherPlace);
  }
  #has(kind: Kind, flag: number): boolean {
    return this.rows.has(this.#row[K[kind]] ?? 0, flag);
  }

  #isDecided(decision: 'QueryPermitted' | 'QueryDenied'): boolean {
    return (
      this.#has('QuerySubmitted', FLAG.ownAgency) &&
      this.#same(decision, PLACE.cited, 'QuerySubmitted', PLACE.leaf) &&
      this.#same('QueryDecisionReceived', PLACE.cited, decision, PLACE.leaf) &&
      this.#same(decision, PLACE.facts, 'QuerySubmitted', PLACE.facts) &&
      this.#same(decision, PLACE.terms, 'QueryDecisionReceived', PLACE.terms) &&
      this.#has('QueryDecisionReceived', FLAG.plain) === (decision === 'QueryPermitted')
    );
  }
  #isQueryMatched(): boolean {
    return (
      this.#isDecided('QueryPermitted') &&
      this.#has('ProvisionDemanded', FLAG.ownAgency) &&
      this.#same('ProvisionDemanded', PLACE.cited, 'QueryPermitted', PLACE.leaf) &&
      this.#same('ProvisionDemanded', PLACE.facts, 'QueryPermitted', PLACE.facts) &&
      this.#same('ProvisionDemanded', PLACE.terms, 'QueryPermitted', PLACE.terms)
    );
  }
  #isProvided(automatic: boolean): boolean {
    return (
      this.#same('ProvisionRecorded', PLACE.cited, 'ProvisionMade', PLACE.leaf) &&
      this.#same('ProvisionReceived', PLACE.cited, 'ProvisionMade', PLACE.leaf) &&
      this.#same('ProvisionReceived', PLACE.citedToo, 'QueryPermitted', PLACE.leaf) &&
      this.#same('ReceiptRecorded', PLACE.cited, 'ProvisionReceived', PLACE.leaf) &&
      this.#same('ProvisionRecorded', PLACE.facts, 'ProvisionMade', PLACE.facts) &&
      this.#same('ProvisionReceived', PLACE.facts, 'ProvisionMade', PLACE.facts) &&
      this.#same('ReceiptRecorded', PLACE.terms, 'ProvisionReceived', PLACE.terms) &&
      this.#has('ProvisionMade', FLAG.plain) === automatic &&
      this.#has('ProvisionRecorded', FLAG.plain) === automatic &&
      !this.#has('ProvisionRecorded', FLAG.marked)
    );
  }
  #isHeld(): boolean {
    return (
      this.#same('ProvisionHeldRecorded', PLACE.cited, 'ProvisionHeld', PLACE.leaf) &&
      this.#same('ProvisionHeldRecorded', PLACE.facts, 'ProvisionHeld', PLACE.facts)
    );
  }
  #isNotProvided(): boolean {
    return (
      this.#same('NoProvisionRecorded', PLACE.cited, 'ProvisionNotMade', PLACE.leaf) &&
      this.#same('QueryEnded', PLACE.cited, 'ProvisionNotMade', PLACE.leaf) &&
      this.#same('NoProvisionRecorded', PLACE.facts, 'ProvisionNotMade', PLACE.facts) &&
      this.#same('QueryEnded', PLACE.facts, 'ProvisionNotMade', PLACE.facts) &&
      this.#isBlank('QueryEnded', PLACE.citedToo) &&
      !this.#has('NoProvisionRecorded', FLAG.marked)
    );
  }
  #isImpossible(): boolean {
    return (
      !this.#has('QueryPermitted', FLAG.plain) &&
      this.#isBlank('QueryEnded', PLACE.cited) &&
      this.#same('QueryEnded', PLACE.citedToo, 'QueryPermitted', PLACE.leaf) &&
      this.#same('QueryEnded', PLACE.terms, 'NotificationImpossible', PLACE.terms)
    );
  }
  /** A place that nothing was written to. */
  #isBlank(kind: Kind, place: Place): boolean {
    return this.rows.isBlank(this.#row[K[kind]] ?? 0, place);
  }
}

/** Puts the rows of each exchange together and hands them out, one exchange after the other. Memory: eight bytes a row and a half. */
export function eachExchange(rows: Rows, onExchange: (group: Group, rowsOfIt: () => number[]) => void): void {
  const { count } = rows;
  const slots = 2 ** Math.ceil(Math.log2(Math.max(2, count * 2)));
  const mask = slots - 1;
  const first = new Int32Array(slots).fill(-1);
  const next = new Int32Array(count).fill(-1);
  const last = new Int32Array(count);
  for (let row = 0; row < count; row += 1) {
    let slot = (rows.idWord(row, 2) ^ Math.imul(rows.idWord(row, 3), 0x9e3779b1)) & mask;
    for (;;) {
      const found = first[slot] ?? -1;
      if (found < 0) {
        first[slot] = row;
        last[row] = row;
        break;
      }
      if (rows.sameExchange(found, row)) {
        next[last[found] ?? found] = row;
        last[found] = row;
        break;
      }
      slot = (slot + 1) & mask;
    }
  }
  const group = new Group(rows);
  for (const head of first) {
    if (head < 0) continue;
    group.clear();
    for (let row = head; row >= 0; row = next[row] ?? -1) group.add(row);
    onExchange(group, () => {
      const all: number[] = [];
      for (let row = head; row >= 0; row = next[row] ?? -1) all.push(row);
      return all;
    });
  }
}
