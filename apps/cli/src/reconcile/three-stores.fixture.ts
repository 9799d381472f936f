import { join } from 'node:path';
import { EventIds } from '#libs/cryptography';
import { agencyEventTypes, exchangeEventTypes, provisionEventTypes, queryEventTypes, type Role } from '#libs/domain';
import { type AppendRequest, type EventStore, LmdbEventStore, NO_STREAM } from '#libs/event-store';
import { type Step, stepsOf } from './stories.fixture.js';
import { EventRegistry, type Message, plusMs, uuidV7 } from '#libs/kernel';
import { leafHash } from '#libs/ledger';

/** Parties of the synthetic nation, in the order of `partiesIn`. */
export const PARTIES = ['core', 'is-east', 'is-west'] as const;
export type PartyName = (typeof PARTIES)[number];
/** A city of each server. */
export const EAST = '0220113112101700';
export const WEST = '0220113113001700';
const SERVER_OF: Readonly<Record<string, PartyName>> = { [EAST]: 'is-east', [WEST]: 'is-west' };
export const STARTED_AT = '2020-05-08T00:00:00.000Z';
const MS_AN_EXCHANGE = 2;
const EXCHANGES_A_BATCH = 2_000;

/** An event before it is recorded: where, and what. */
export interface Drafted {
  readonly role: Role;
  readonly index: number;
  readonly event: Message;
}
export interface ThreeStoresOptions {
  readonly exchanges: number;
  /** Puts another event in place of one that was cited as it stood (tampering under the index), or none. */
  readonly tamper?: (drafted: Drafted) => Message | undefined;
  readonly onProgress?: (exchanges: number) => void;
  /** Where the stores are; embedded in `<directory>/parties/<id>/event-store` otherwise. */
  readonly open?: (party: PartyName, dataDirectory: string) => Promise<EventStore>;
}
const embedded = (_party: PartyName, dataDirectory: string): Promise<EventStore> => LmdbEventStore.open(join(dataDirectory, 'event-store'));

const registry = new EventRegistry([...queryEventTypes, ...exchangeEventTypes, ...provisionEventTypes, ...agencyEventTypes]);
const CATEGORY: Readonly<Record<Role, string>> = { requester: 'query', core: 'exchange', provider: 'provision' };
/** Exchange ids grow with time; their other bits are spread like those of a hash. */
export function exchangeIdOf(index: number): string {
  const bits = Buffer.alloc(10);
  for (const [at, factor] of [0x9e3779b1, 0x85ebca6b].entries()) bits.writeUInt32BE(Math.imul(index + 1, factor) >>> 0, 2 + at * 4);
  return uuidV7(Date.parse(STARTED_AT) + index * MS_AN_EXCHANGE, bits);
}

/** One exchange that is being recorded. */
class Recording {
  readonly #leaves = new Map<string, string>();
  readonly #revisions: Record<Role, number> = { requester: NO_STREAM, core: NO_STREAM, provider: NO_STREAM };
  readonly steps: readonly Step[];
  readonly #exchangeId: string;
  readonly #parties: Readonly<Record<Role, PartyName>>;

  constructor(
    private readonly index: number,
    private readonly ids: EventIds,
    private readonly tamper: ThreeStoresOptions['tamper'],
  ) {
    const [requester, provider] = index % 3 === 0 ? [WEST, EAST] : index % 3 === 1 ? [EAST, WEST] : [EAST, EAST];
    this.#agencies = { requester, core: undefined, provider };
    this.#parties = { requester: SERVER_OF[requester] ?? 'core', core: 'core', provider: SERVER_OF[provider] ?? 'core' };
    this.#requestedAt = plusMs(STARTED_AT, index * MS_AN_EXCHANGE);
    this.#exchangeId = exchangeIdOf(index);
    this.steps = stepsOf(index, requester, provider, this.#requestedAt);
  }
  readonly #agencies: Readonly<Record<Role, string | undefined>>;
  readonly #requestedAt: string;

  /** The append of a step and where it goes; undefined where nothing of it is left. */
  take(step: number): { readonly party: PartyName; readonly request: AppendRequest } | undefined {
    const taken = this.steps[step];
    if (taken === undefined) return undefined;
    const { role } = taken;
    const stream = `${CATEGORY[role]}-${this.#exchangeId}`;
    const expectedRevision = this.#revisions[role];
    const events: { id: string; type: string; bytes: Buffer }[] = [];
    for (const event of taken.events(this.#leaves)) {
      const cited = this.#encoded(role, stream, event, expectedRevision + 1 + events.length);
      this.#leaves.set(event.type, leafHash(cited.bytes).toString('base64url'));
      const stored = this.tamper === undefined ? event : this.tamper({ role, index: this.index, event });
      if (stored !== undefined) events.push(stored === event ? cited : this.#encoded(role, stream, stored, expectedRevision + 1 + events.length));
    }
    if (events.length === 0) return undefined;
    this.#revisions[role] += events.length;
    return { party: this.#parties[role], request: { stream, expectedRevision, events } };
  }

  #encoded(role: Role, stream: string, event: Message, revision: number): { id: string; type: string; bytes: Buffer } {
    const id = this.ids.next(1)[0] as string;
    const agency = this.#agencies[role];
    const at = this.#requestedAt;
    const envelope = { id, stream, revision, recordedAt: at, at, actor: 'system', correlationId: this.#exchangeId, causationId: this.#exchangeId };
    return { id, type: event.type, bytes: Buffer.from(registry.encode(agency === undefined ? envelope : { ...envelope, agency }, event)) };
  }
}

async function appended(store: EventStore, requests: readonly AppendRequest[]): Promise<void> {
  const failed = (await store.appendMany(requests)).find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Step by step, as servers do with a batch: what is cited stands before it is cited. */
async function record(batch: readonly Recording[], stores: ReadonlyMap<PartyName, EventStore>): Promise<void> {
  const steps = Math.max(...batch.map((recording) => recording.steps.length));
  for (let step = 0; step < steps; step += 1) {
    const requests = new Map<PartyName, AppendRequest[]>(PARTIES.map((party) => [party, []]));
    for (const recording of batch) {
      const taken = recording.take(step);
      if (taken) requests.get(taken.party)?.push(taken.request);
    }
    await Promise.all([...requests].map(([party, own]) => appended(stores.get(party) as EventStore, own)));
  }
}

/** Writes the stores of three parties with so many exchanges, their data directories being `<directory>/parties/<id>`, as their servers would, step by step. */
export async function writeThreeStores(directory: string, { exchanges, tamper, onProgress, open = embedded }: ThreeStoresOptions): Promise<void> {
  const stores = new Map<PartyName, EventStore>();
  const ids = new EventIds();
  try {
    for (const party of PARTIES) stores.set(party, await open(party, join(directory, 'parties', party)));
    await appended(stores.get('core') as EventStore, hosted(ids));
    for (let from = 0; from < exchanges; from += EXCHANGES_A_BATCH) {
      const batch = Array.from({ length: Math.min(EXCHANGES_A_BATCH, exchanges - from) }, (_, at) => new Recording(from + at, ids, tamper));
      await record(batch, stores);
      onProgress?.(from + batch.length);
    }
  } finally {
    await Promise.all([...stores.values()].map((store) => store.close()));
  }
}

function hosted(ids: EventIds): readonly AppendRequest[] {
  return [EAST, WEST].map((code) => {
    const stream = `agency-${code}`;
    const envelope = {
      id: ids.next(1)[0] as string,
      stream,
      revision: 0,
      recordedAt: STARTED_AT,
      at: STARTED_AT,
      actor: 'operator',
      correlationId: code,
      causationId: code,
    };
    const event = { type: 'AgencyHosted', data: { intermediateServer: SERVER_OF[code], interfaceSystem: code === EAST ? 'ifs-east' : 'ifs-west' } };
    return { stream, expectedRevision: NO_STREAM, events: [{ id: envelope.id, type: event.type, bytes: Buffer.from(registry.encode(envelope, event)) }] };
  });
}
