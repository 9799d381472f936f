import { type EventStore, PAGE_EVENTS_MAX, START, type StoredEvent } from '#libs/event-store';
import { DomainError } from '#libs/kernel';
import type { BundleSubject } from '#libs/proofs';

/** The first event of an agency's server about an exchange: it says whose query or demand it is. */
const FIRST_EVENTS: ReadonlySet<string> = new Set(['QuerySubmitted', 'ProvisionDemanded']);
/** More exchanges than their entries could fit into one bundle. */
export const EXCHANGES_MAX = 75_000;

interface FirstEvent {
  readonly agency?: string;
  readonly stream: string;
  readonly type: string;
  readonly data: {
    readonly subjectStream?: string;
    readonly requester: string;
    readonly requesterInstitution?: string;
    readonly provider: string;
    readonly providerInstitution?: string;
    readonly requestedAt: string;
  };
}
export type Scanned = Exclude<BundleSubject, { readonly kind: 'exchange' }>;

/** A text that stands in the bytes of everything that is looked for: what lacks it is not parsed. */
const sought = (about: Scanned): string => (about.kind === 'person' ? about.subjectStream : about.agency);

function isAbout(about: Scanned, { agency, type, data }: FirstEvent): boolean {
  if (about.kind === 'person') return agency === about.agency && data.subjectStream === about.subjectStream;
  const side = type === 'QuerySubmitted' ? [data.requester, data.requesterInstitution] : [data.provider, data.providerInstitution];
  return side.includes(about.agency) && data.requestedAt >= about.from && data.requestedAt < about.to;
}

const exchangeOf = (about: Scanned, text: Buffer, { bytes, type }: StoredEvent): string | undefined => {
  if (!FIRST_EVENTS.has(type) || !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(text)) return undefined;
  const event = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as FirstEvent;
  return isAbout(about, event) ? event.stream.slice(event.stream.indexOf('-') + 1) : undefined;
};

/**
 * Reads a store through for the exchanges of a person or of an agency's period, in the order recorded. `onRead`: events
 * read so far. Rejects with TOO_MANY_EXCHANGES past EXCHANGES_MAX.
 */
export async function findExchanges(store: EventStore, about: Scanned, onRead: (position: bigint) => void): Promise<readonly string[]> {
  const found = new Set<string>();
  const text = Buffer.from(sought(about), 'utf8');
  for (let after = START, atEnd = false; !atEnd;) {
    const page = await store.readAll({ after, limit: PAGE_EVENTS_MAX });
    for (const stored of page.events) {
      const exchange = exchangeOf(about, text, stored);
      if (exchange !== undefined) found.add(exchange);
    }
    if (found.size > EXCHANGES_MAX) throw new DomainError('TOO_MANY_EXCHANGES', 'too-large', `more than ${EXCHANGES_MAX} exchanges`);
    ({ next: after, atEnd } = page);
    onRead(after);
  }
  return [...found];
}
