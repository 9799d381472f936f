import type { AgencyEvent, IdentifierEvent, RetentionEvent } from '#libs/domain';
import { AgencyRevisions } from './agency-revisions.js';
import { type IdentifierPack, IdentifierRevisions, type IdentifierTable, PackedIdentifiers } from './identifier-revisions.js';
import { LawRevisions } from './law-revisions.js';
import { decodeText, type FoundationEvent, type LawEvent, type Placed, type Recorded } from './recorded.js';

/** A stored event as text, and where it stands. */
export interface PlacedText {
  readonly text: string;
  readonly position: number;
}
/** What one range of the store adds to the foundation. Plain data. */
export interface Gathered {
  /** Events of agencies, the table, openings and destroyed keys, in store order: some ten thousand in all. */
  readonly register: readonly PlacedText[];
  readonly identifiers: IdentifierPack;
}
/** All of it. Plain data, the large part in shared memory. */
export interface FoundationData {
  readonly register: readonly PlacedText[];
  readonly identifiers: IdentifierTable;
}

/** Types of events that decisions rest on. `AgencyHosted` and key rotations too: they count as revisions. */
const IDENTIFIER_TYPES: ReadonlySet<string> = new Set([
  'IdentifierIssued',
  'IdentifierAlreadyHeld',
  'IdentifierIssuanceRefused',
  'IdentifierRevoked',
  'IdentifierReissued',
]);
const CATEGORY = /^(?:agency|matrix|opening|identifier)-/;

export function isFoundation(type: string, stream: string): boolean {
  if (type === 'RecordKeyDestroyed') return true;
  return CATEGORY.test(stream);
}

/** Collects what a range of the store holds of it. */
export class Gathering {
  readonly #register: PlacedText[] = [];
  readonly #identifiers = new PackedIdentifiers();

  /** The next event that `isFoundation` says yes of. */
  take(text: string, position: number): void {
    const event = decodeText<FoundationEvent>(text);
    if (event.stream.startsWith('identifier-') && IDENTIFIER_TYPES.has(event.type))
      this.#identifiers.take({ event: event as Recorded<IdentifierEvent>, position });
    else this.#register.push({ text, position });
  }

  result(): Gathered {
    return { register: this.#register, identifiers: this.#identifiers.result() };
  }
}

/** Puts together what the ranges gave, in store order. */
export class FoundationBuilder {
  readonly #register: PlacedText[] = [];
  readonly #identifiers = new IdentifierRevisions();

  add({ register, identifiers }: Gathered): void {
    for (const text of register) this.#register.push(text);
    this.#identifiers.add(identifiers);
  }

  get identifierEvents(): number {
    return this.#identifiers.rows;
  }

  data(): FoundationData {
    return { register: this.#register, identifiers: this.#identifiers.table };
  }
}

/** What decisions rest on, at every revision there was: of one thread, over the shared table of identifiers. */
export class Foundation {
  readonly agencies = new AgencyRevisions();
  readonly law = new LawRevisions();
  readonly identifiers: IdentifierRevisions;
  /** Record keys that are gone: what was sealed under them is erased, whenever that was. */
  readonly destroyedKeys = new Set<string>();

  constructor({ register, identifiers }: FoundationData) {
    this.identifiers = new IdentifierRevisions(identifiers);
    for (const { text, position } of register) {
      const event = decodeText<FoundationEvent>(text);
      if (event.type === 'RecordKeyDestroyed') this.destroyedKeys.add((event as Recorded<RetentionEvent>).data.key);
      else if (event.stream.startsWith('agency-')) this.agencies.take({ event, position } as Placed<AgencyEvent>);
      else this.law.take({ event, position } as Placed<LawEvent>);
    }
  }
}
