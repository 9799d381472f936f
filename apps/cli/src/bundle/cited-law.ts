import type { ExchangeEvent, MatrixEvent } from '#libs/domain';
import { type EventStore, type StoredEvent } from '#libs/event-store';

type Permit = Extract<ExchangeEvent, { readonly type: 'QueryPermitted' }>['data'];
type Denial = Extract<ExchangeEvent, { readonly type: 'QueryDenied' }>['data'];
/** Streams of agencies and openings are short, those of a table version have an event an item. */
const EVENTS_MAX = 10_000;
const STREAMS_A_READ = 500;

const eventIn = <E>({ bytes }: StoredEvent): E => JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as E;

/** What decisions rest on, as far as it stands in the core's record: gathered decision by decision, then read at once. */
export class CitedLaw {
  /** Items a version, and how far its stream was known. */
  readonly #versions = new Map<string, { readonly items: Set<string>; revision: number }>();
  /** Last revision cited of each stream of an agency or opening. */
  readonly #streams = new Map<string, number>();

  cite(stored: StoredEvent): void {
    if (stored.type === 'QueryPermitted') this.#permit(eventIn<{ readonly data: Permit }>(stored).data);
    else if (stored.type === 'QueryDenied') {
      const { table, item, basis } = eventIn<{ readonly data: Denial }>(stored).data;
      if (table !== undefined) this.#version(table, item, basis.matrix);
    }
  }

  #permit({ table, item, basis, requester, provider, requesterInstitution, providerInstitution }: Permit): void {
    this.#version(table, item, basis.matrix);
    this.#upTo(`agency-${requester}`, basis.requester);
    this.#upTo(`agency-${provider}`, basis.provider);
    if (requesterInstitution !== undefined) this.#upTo(`agency-${requesterInstitution}`, basis.requesterInstitution);
    if (providerInstitution !== undefined) this.#upTo(`agency-${providerInstitution}`, basis.providerInstitution);
    for (const { stream, revision } of basis.openings ?? []) this.#upTo(stream, revision);
  }

  #version(table: string, item: string | undefined, revision = -1): void {
    const version = this.#versions.get(table) ?? { items: new Set<string>(), revision: -1 };
    this.#versions.set(table, version);
    if (item !== undefined) version.items.add(item);
    version.revision = Math.max(version.revision, revision);
  }

  #upTo(stream: string, revision = -1): void {
    this.#streams.set(stream, Math.max(this.#streams.get(stream) ?? -1, revision));
  }

  /** The cited items, what closes their versions and repeals that were known; agencies and openings up to the revisions cited. */
  async read(core: EventStore): Promise<readonly StoredEvent[]> {
    const found: StoredEvent[] = [];
    for (const [version, { items, revision }] of this.#versions) {
      for (const stored of await core.readStream(`matrix-${version}`, { limit: EVENTS_MAX })) {
        const isCited =
          stored.type === 'PermissionItemEnacted' ? items.has(itemOf(stored)) : stored.revision <= revision || stored.type === 'PermissionMatrixEnacted';
        if (isCited) found.push(stored);
      }
    }
    const streams = [...this.#streams];
    for (let from = 0; from < streams.length; from += STREAMS_A_READ) {
      const batch = streams.slice(from, from + STREAMS_A_READ);
      const histories = await core.readStreams(batch.map(([stream]) => stream));
      for (const [index, history] of histories.entries()) found.push(...history.filter(({ revision }) => revision <= (batch[index]?.[1] ?? -1)));
    }
    return found;
  }
}

const itemOf = (stored: StoredEvent): string => eventIn<Extract<MatrixEvent, { readonly type: 'PermissionItemEnacted' }>>(stored).data.item;
