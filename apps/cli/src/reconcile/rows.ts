import { hash } from 'node:crypto';
import { type ExchangeEvent, type ProvisionEvent, type QueryEvent, type QueryFacts, type Role, ROLES, SHARED_FACTS } from '#libs/domain';
import type { StoredEvent } from '#libs/event-store';
import { leafHash } from '#libs/ledger';
import { eventText } from './event-text.js';

/**
 * A recorded event in as many bytes as comparing it takes, always the same: the exchange's id, what it is, whose it is, its
 * own leaf hash, those that it cites, and digests (half a SHA-256, 128 bits) of the facts that several records keep. What is
 * equal here is equal in the records; where something is not, the whole rule says in which field.
 *
 * bytes 0–15 exchange id · 16 kind · 17 revision · 18–19 store · 20 flags · 21 category · 24–31 requestedAt (ms, double) · 32 leaf ·
 * 64 and 96 cited leaves · 128 and 144 digests
 */
export const ROW_BYTES = 160;
export const ROW_WORDS = ROW_BYTES / 4;
const ID_BYTES = 16;
const HASH_BYTES = 32;
const DIGEST_BYTES = 16;
const AT = { kind: 16, revision: 17, store: 18, flags: 20, category: 21, requestedAt: 24, leaf: 32, cited: 64, citedToo: 96, facts: 128, terms: 144 } as const;
/** Where a hash or a digest stands in a row, and how long it is, in words of four bytes. */
export interface Place {
  readonly at: number;
  readonly words: number;
}
const hashAt = (at: number): Place => ({ at: at / 4, words: HASH_BYTES / 4 });
const digestAt = (at: number): Place => ({ at: at / 4, words: DIGEST_BYTES / 4 });
export const PLACE = {
  id: { at: 0, words: ID_BYTES / 4 },
  leaf: hashAt(AT.leaf),
  cited: hashAt(AT.cited),
  citedToo: hashAt(AT.citedToo),
  facts: digestAt(AT.facts),
  terms: digestAt(AT.terms),
} as const;
/** A leaf hash in base64url, and no other text for the same bytes. */
const LEAF = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

export const FLAG = {
  /** A permit with nothing of a denial in it; a provision that was made automatically. */
  plain: 1,
  /** An answer recorded late; an end by the core's word. */
  marked: 2,
  /** Filed under the agency whose record it is. */
  ownAgency: 4,
  /** The requester or the provider is the agency that was asked for. */
  asked: 8,
  /** Carries the facts of the query: `requestedAt` and `asked` say something. */
  hasFacts: 16,
} as const;

export const KINDS = [
  ...(['QuerySubmitted', 'QueryDecisionReceived', 'ProvisionReceived', 'QueryWithdrawn', 'QueryEnded'] as const),
  ...(['QueryPermitted', 'QueryDenied', 'NotificationImpossible', 'ProvisionHeldRecorded', 'ProvisionRecorded', 'NoProvisionRecorded'] as const),
  ...(['ReceiptRecorded', 'QueryWithdrawalRecorded', 'QueryLapsed'] as const),
  ...(['ProvisionDemanded', 'ProvisionMade', 'ProvisionHeld', 'ProvisionReleased', 'ProvisionNotMade'] as const),
] as const;
export type Kind = (typeof KINDS)[number];
/** A type that this version does not know, in a stream of an exchange: the category counts. */
export const UNKNOWN_KIND = KINDS.length;
const KIND_OF = new Map<string, number>(KINDS.map((kind, index) => [kind, index]));
export const kindOf = (kind: Kind): number => KINDS.indexOf(kind);
/** Kinds [0, CORE_FROM) are the requester's, [CORE_FROM, PROVIDER_FROM) the core's, the rest the provider's. */
export const CORE_FROM = kindOf('QueryPermitted');
export const PROVIDER_FROM = kindOf('ProvisionDemanded');

/** Categories of the streams that a record of an exchange is kept in, by ROLES; the exchange's id follows. */
export const PREFIXES = ['query-', 'exchange-', 'provision-'] as const;
const UUID_CHARACTERS = 36;

/** True where this is a stream of an exchange, as far as its name says. */
export const isOfExchange = (stream: string): boolean => PREFIXES.some((prefix) => stream.startsWith(prefix));

type AnyEvent = (QueryEvent | ExchangeEvent | ProvisionEvent) & { readonly agency?: string; readonly at: string };

/**
 * Text of values that are to be compared as one: each with its length, so that no two lists of values give the same text.
 * What is left out is not what is empty. A quarter of what JSON.stringify takes.
 */
function textOf(values: readonly unknown[]): string {
  let text = '';
  for (const value of values) {
    if (typeof value === 'string') text += `${value.length}"${value}`;
    else if (typeof value === 'boolean') text += value ? '+' : '-';
    else if (value === undefined) text += '.';
    else {
      const json = JSON.stringify(value);
      text += `${json.length}{${json}`;
    }
  }
  return text;
}

export interface RowContext {
  readonly store: number;
  /** Only exchanges of this agency count, where one is given. */
  readonly agency: string | undefined;
}

/** Writes rows of events into one buffer at a time. */
export class RowWriter {
  readonly row = Buffer.alloc(ROW_BYTES);
  readonly #values = new Array<unknown>(SHARED_FACTS.length);

  constructor(private readonly context: RowContext) {}

  /** Fills `row`; undefined where the event is no readable event of an exchange. Returns its business instant. */
  write({ stream, type, revision, bytes }: StoredEvent): string | undefined {
    const row = this.row.fill(0);
    const id = stream.slice(stream.indexOf('-') + 1);
    if (id.length !== UUID_CHARACTERS || row.write(id.replaceAll('-', ''), 0, ID_BYTES, 'hex') !== ID_BYTES) return undefined;
    const event = parsed(bytes);
    if (event === undefined) return undefined;
    row[AT.kind] = KIND_OF.get(type) ?? UNKNOWN_KIND;
    row[AT.category] = PREFIXES.findIndex((prefix) => stream.startsWith(prefix));
    row[AT.revision] = Math.min(revision, 255);
    row.writeUInt16LE(this.context.store, AT.store);
    this.#fill(event, bytes);
    return event.at;
  }

  #fill(event: AnyEvent, bytes: Uint8Array): void {
    switch (event.type) {
      case 'QuerySubmitted':
        this.#leaf(bytes);
        this.#facts(event.data);
        return this.#filedUnder(event.agency === event.data.requester);
      case 'ProvisionDemanded':
        this.#cites(AT.cited, event.data.decisionLeaf);
        this.#facts(event.data);
        this.#permit(event.data);
        return this.#filedUnder(event.agency === event.data.provider);
      case 'QueryPermitted':
        this.#leaf(bytes);
        this.#cites(AT.cited, event.data.queryLeaf);
        this.#facts(event.data);
        this.#permit(event.data);
        return this.#flag(event.data.providerSubject === undefined ? 0 : FLAG.plain);
      case 'QueryDenied':
        this.#leaf(bytes);
        this.#cites(AT.cited, event.data.queryLeaf);
        this.#facts(event.data);
        return this.#denial(event.data);
      case 'QueryDecisionReceived':
        return this.#decision(event.data);
      default:
        return this.#outcome(event, bytes);
    }
  }

  #outcome(event: Exclude<AnyEvent, { type: 'QuerySubmitted' }>, bytes: Uint8Array): void {
    switch (event.type) {
      case 'ProvisionMade':
        this.#leaf(bytes);
        this.#provision(event.data);
        return this.#flag(event.data.automatic ? FLAG.plain : 0);
      case 'ProvisionRecorded':
        this.#cites(AT.cited, event.data.providerLeaf);
        this.#provision(event.data);
        return this.#flag((event.data.automatic ? FLAG.plain : 0) | (event.data.late === false ? 0 : FLAG.marked));
      case 'ProvisionReceived':
        this.#leaf(bytes);
        this.#cites(AT.cited, event.data.providerLeaf);
        this.#cites(AT.citedToo, event.data.decisionLeaf);
        this.#provision(event.data);
        return this.#digest(AT.terms, [event.data.receivedAt]);
      case 'ReceiptRecorded':
        this.#cites(AT.cited, event.data.requesterLeaf);
        return this.#digest(AT.terms, [event.data.receivedAt]);
      case 'ProvisionHeld':
        this.#leaf(bytes);
        return this.#digest(AT.facts, [event.data.heldAt]);
      case 'ProvisionHeldRecorded':
        this.#cites(AT.cited, event.data.providerLeaf);
        return this.#digest(AT.facts, [event.data.heldAt]);
      default:
        return this.#end(event, bytes);
    }
  }

  #end(event: AnyEvent, bytes: Uint8Array): void {
    switch (event.type) {
      case 'ProvisionNotMade':
        this.#leaf(bytes);
        return this.#digest(AT.facts, [event.data.endedAt, event.data.reason, event.data.nonDisclosure]);
      case 'NoProvisionRecorded':
        this.#cites(AT.cited, event.data.providerLeaf);
        this.#digest(AT.facts, [event.data.endedAt, event.data.reason, event.data.nonDisclosure]);
        return this.#flag(event.data.late === false ? 0 : FLAG.marked);
      case 'QueryEnded': {
        const { endedAt, reason, nonDisclosure, providerLeaf, coreLeaf } = event.data;
        if (providerLeaf !== undefined) this.#cites(AT.cited, providerLeaf);
        if (coreLeaf !== undefined) this.#cites(AT.citedToo, coreLeaf);
        this.#digest(AT.facts, [endedAt, reason, nonDisclosure]);
        return this.#digest(AT.terms, [reason]);
      }
      case 'NotificationImpossible':
        return this.#digest(AT.terms, [event.data.reason]);
      default: // withdrawals, lapses, releases and what is not known are left to the whole rule
        return;
    }
  }

  #decision(data: Extract<QueryEvent, { type: 'QueryDecisionReceived' }>['data']): void {
    this.#cites(AT.cited, data.decisionLeaf);
    if (data.permitted !== true) return this.#denial(data);
    this.#permit(data);
    this.#flag(data.exceptionApplied === false && data.reason === undefined && data.article === undefined ? FLAG.plain : 0);
  }

  #permit({ table, item, validUntil }: { readonly table?: string; readonly item?: string; readonly validUntil?: string }): void {
    this.#digest(AT.terms, [table, item, validUntil]);
  }
  #denial(data: {
    readonly reason?: string;
    readonly article?: string;
    readonly exceptionApplied: boolean;
    readonly table?: string;
    readonly item?: string;
    readonly validUntil?: string;
  }): void {
    this.#digest(AT.terms, ['denied', data.reason, data.article, data.exceptionApplied, data.table, data.item, data.validUntil]);
  }
  #provision({
    providedAt,
    items,
    digest,
    nonDisclosure,
  }: {
    readonly providedAt: string;
    readonly items: readonly string[];
    readonly digest: string;
    readonly nonDisclosure: boolean;
  }): void {
    this.#digest(AT.facts, [providedAt, items, digest, nonDisclosure]);
  }
  #facts(data: QueryFacts): void {
    for (let at = 0; at < SHARED_FACTS.length; at += 1) this.#values[at] = data[SHARED_FACTS[at] as keyof QueryFacts];
    this.#digest(AT.facts, this.#values);
    this.row.writeDoubleLE(Date.parse(data.requestedAt), AT.requestedAt);
    this.#flag(FLAG.hasFacts | (this.context.agency === undefined || this.#isOf(data) ? FLAG.asked : 0));
  }
  #isOf({ requester, requesterInstitution, provider, providerInstitution }: QueryFacts): boolean {
    return [requester, requesterInstitution, provider, providerInstitution].includes(this.context.agency);
  }
  #filedUnder(own: boolean): void {
    this.#flag(own ? FLAG.ownAgency : 0);
  }
  #flag(bits: number): void {
    this.row[AT.flags] = (this.row[AT.flags] ?? 0) | bits;
  }
  #leaf(bytes: Uint8Array): void {
    leafHash(bytes).copy(this.row, AT.leaf);
  }
  #cites(at: number, leaf: string): void {
    if (LEAF.test(leaf)) this.row.write(leaf, at, HASH_BYTES, 'base64url'); // anything else is the leaf hash of nothing
  }
  #digest(at: number, values: readonly unknown[]): void {
    this.row.write(hash('sha256', textOf(values), 'binary'), at, DIGEST_BYTES, 'latin1');
  }
}

/** The event, where its bytes are one with data; a damaged one is the ledger's matter. */
function parsed(bytes: Uint8Array): AnyEvent | undefined {
  try {
    const event = JSON.parse(eventText(bytes)) as AnyEvent;
    return typeof event.data === 'object' && event.data !== null && typeof event.at === 'string' ? event : undefined;
  } catch {
    return undefined;
  }
}

/** Reads rows that stand one after the other. */
export class Rows {
  readonly count: number;
  readonly #words: Int32Array;
  readonly #buffer: Buffer;

  constructor(buffer: Buffer) {
    if (buffer.byteOffset % 4 !== 0) throw new RangeError('rows stand on whole words');
    this.#buffer = buffer;
    this.count = Math.floor(buffer.length / ROW_BYTES);
    this.#words = new Int32Array(buffer.buffer, buffer.byteOffset, this.count * ROW_WORDS);
  }

  kind(row: number): number {
    return this.#buffer[row * ROW_BYTES + AT.kind] ?? UNKNOWN_KIND;
  }
  revision(row: number): number {
    return this.#buffer[row * ROW_BYTES + AT.revision] ?? 0;
  }
  /** Whose record it stands in, by its stream's category. */
  role(row: number): Role {
    return ROLES[this.#buffer[row * ROW_BYTES + AT.category] ?? 0] ?? 'core';
  }
  store(row: number): number {
    return this.#buffer.readUInt16LE(row * ROW_BYTES + AT.store);
  }
  has(row: number, flag: number): boolean {
    return ((this.#buffer[row * ROW_BYTES + AT.flags] ?? 0) & flag) !== 0;
  }
  requestedAtMs(row: number): number {
    return this.#buffer.readDoubleLE(row * ROW_BYTES + AT.requestedAt);
  }
  /** A word of the exchange's id, 0 to 3. */
  idWord(row: number, word: number): number {
    return this.#words[row * ROW_WORDS + word] ?? 0;
  }
  exchangeId(row: number): string {
    const hex = this.#buffer.toString('hex', row * ROW_BYTES, row * ROW_BYTES + ID_BYTES);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
  /** True where the same bytes stand at these places. */
  same(row: number, place: Place, other: number, otherPlace: Place): boolean {
    const [a, b] = [row * ROW_WORDS + place.at, other * ROW_WORDS + otherPlace.at];
    for (let word = 0; word < place.words; word += 1) if (this.#words[a + word] !== this.#words[b + word]) return false;
    return true;
  }
  /** True where nothing was written there. */
  isBlank(row: number, { at, words }: Place): boolean {
    const from = row * ROW_WORDS + at;
    for (let word = 0; word < words; word += 1) if (this.#words[from + word] !== 0) return false;
    return true;
  }
  sameExchange(row: number, other: number): boolean {
    return this.same(row, PLACE.id, other, PLACE.id);
  }
}
