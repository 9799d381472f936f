import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileKeyVault, HmacNames, IdentifierCipher, newEventId, openPartySecrets, ProtectedFields, RecordKeys } from '#libs/cryptography';
import * as domain from '#libs/domain';
import { embeddedIn, LmdbEventStore, type Position } from '#libs/event-store';
import { clear, EventRegistry, type EventType, isSealed, type Message, type Protected } from '#libs/kernel';
import { Cursors } from './cursor.js';
import { Runner } from './folding/runner.js';
import { type PartyKind, projectionsOf } from './models-of-party.js';
import { PersonKeys } from './person-keys.js';
import type { Projection, Secrets } from './projection.js';
import type { Alarm } from './read-models.js';
import type { StoredRows } from './sql/stored-rows.js';
import { SqliteModels } from './sqlite/sqlite-models.js';
import type { WorkerPlaces } from './thread/worker-messages.js';

/** An event to be recorded, with what its envelope needs besides. */
export interface ToRecord {
  readonly stream: string;
  readonly events: readonly Message[];
  readonly at: string;
  readonly agency?: string;
  readonly keyId: string;
}

/** Every event type that the domain declares. */
const everyEventType = [
  ...domain.exchangeEventTypes,
  ...domain.holderEventTypes,
  ...domain.agencyEventTypes,
  ...domain.identifierEventTypes,
  ...domain.queryEventTypes,
  ...domain.provisionEventTypes,
  ...domain.replicaEventTypes,
  ...domain.subjectEventTypes,
  ...domain.retentionEventTypes,
];

/** A party in a temporary directory: real store, real keys; for tests and benchmarks. */
export class TestParty {
  readonly alarms: Alarm[] = [];
  readonly revisions = new Map<string, number>();
  position: Position = 0n;

  private constructor(
    readonly directory: string,
    readonly kind: PartyKind,
    readonly store: LmdbEventStore,
    readonly keys: RecordKeys,
    readonly names: HmacNames,
    readonly cipher: IdentifierCipher,
    readonly registry: EventRegistry,
  ) {}

  static async open(kind: PartyKind, more: readonly EventType<string, never>[] = []): Promise<TestParty> {
    const directory = mkdtempSync(join(tmpdir(), 'renkei-read-models-'));
    const keyDirectory = join(directory, 'keys');
    const names = new HmacNames(openPartySecrets(keyDirectory).streamSecret);
    const store = await LmdbEventStore.open(join(directory, 'event-store'));
    const cipher = await IdentifierCipher.create(new FileKeyVault(keyDirectory));
    const registry = new EventRegistry([...everyEventType, ...more]);
    return new TestParty(directory, kind, store, await RecordKeys.open(keyDirectory), names, cipher, registry);
  }

  get places(): WorkerPlaces {
    const { directory, kind } = this;
    return { kind, store: embeddedIn(directory), keyDirectory: join(directory, 'keys'), models: { kind: 'sqlite', directory: join(directory, 'read-models') } };
  }

  /** Seals what is protected, and appends; one append a stream. */
  async record(...appends: readonly ToRecord[]): Promise<Position> {
    await this.keys.ensure([...new Set(appends.map(({ keyId }) => keyId))]);
    const fields = new ProtectedFields(this.keys);
    const encoder = new TextEncoder();
    const requests = appends.map(({ stream, events, at, agency, keyId }) => {
      const last = this.revisions.get(stream) ?? -1;
      this.revisions.set(stream, last + events.length);
      return {
        stream,
        expectedRevision: last,
        events: events.map(({ type, data }, offset) => {
          const id = newEventId();
          const envelope = { id, stream, revision: last + 1 + offset, recordedAt: at, at, actor: 'system', correlationId: stream, causationId: stream };
          const message = { type, data: sealed(data as Record<string, unknown>, (value) => fields.protect(keyId, [value])[0]) };
          return { id, type, bytes: encoder.encode(this.registry.encode(agency === undefined ? envelope : { ...envelope, agency }, message)) };
        }),
      };
    });
    for (const outcome of await this.store.appendMany(requests)) {
      if (outcome.status === 'rejected') throw outcome.reason as Error;
      if (outcome.value.position > this.position) this.position = outcome.value.position;
    }
    return this.position;
  }

  secrets(): Secrets {
    const { names, cipher, keys } = this;
    const persons = new PersonKeys(names, cipher, () => IdentifierCipher.create(new FileKeyVault(join(this.directory, 'keys'))));
    return { fields: new ProtectedFields(keys), names, persons, forgetKey: (keyId) => keys.forget(keyId) };
  }

  /** Read models in this thread, in a directory of their own. */
  models(name = 'read-models', projections: readonly Projection[] = projectionsOf[this.kind]): Runner {
    const cursors = new Cursors(openPartySecrets(join(this.directory, 'keys')).streamSecret);
    const onAlarm = (alarm: Alarm): void => void this.alarms.push(alarm);
    const models = new SqliteModels(join(this.directory, name), projections);
    return new Runner({ store: this.store, models, secrets: this.secrets(), cursors, onAlarm });
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.keys.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Protected fields stand in `data` as ClearField. */
function sealed(data: Record<string, unknown>, seal: (value: string) => unknown): Record<string, unknown> {
  const isClear = (value: unknown): value is Protected => typeof value === 'object' && value !== null && 'value' in value && !isSealed(value as Protected);
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, isClear(value) ? seal((value as { value: string }).value) : value]));
}

/** Exchange ids in order of their number. */
export const exchangeId = (number: number, timeMs = 1_588_896_000_000): string => {
  const time = (timeMs + Math.floor(number / 1000)).toString(16).padStart(12, '0');
  const rest = (number * 2_654_435_761).toString(16).padStart(16, '0').slice(-15);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6).padEnd(12, '0')}`;
};

export const leaf = Buffer.alloc(32, 7).toString('base64url');
export const at = (minutes: number): string => new Date(Date.UTC(2020, 4, 8, 0, minutes)).toISOString();

export interface QueryOptions {
  readonly requester?: string;
  readonly provider?: string;
  readonly affair?: string;
  readonly information?: string;
  readonly nonDisclosure?: boolean;
  readonly requestedAt?: string;
  readonly procedure?: string;
}
export const facts = ({ requester = '9900000000000001', provider = '9900000000000002', ...rest }: QueryOptions = {}): domain.QueryFacts => ({
  requester,
  provider,
  affair: 'JM99000000000074',
  information: 'TM00000000000002',
  period: '2020',
  department: 'child-welfare',
  nonDisclosure: false,
  requestedAt: at(0),
  ...rest,
});

/** Events of an exchange at the core. */
export const core = {
  permitted: (identifier: string, query: domain.QueryFacts, validUntil = at(60)): Message => ({
    type: 'QueryPermitted',
    data: {
      ...query,
      queryDigest: leaf,
      queryLeaf: leaf,
      requesterSubject: clear(identifier),
      providerSubject: clear('provider identifier'),
      table: '2020-04-01',
      item: '74',
      grant: 0,
      validUntil,
      basis: { requester: 0, provider: 0 },
    },
  }),
  denied: (identifier: string, query: domain.QueryFacts, reason = 'NOT_IN_TABLE'): Message => ({
    type: 'QueryDenied',
    data: {
      ...query,
      queryDigest: leaf,
      queryLeaf: leaf,
      requesterSubject: clear(identifier),
      reason,
      article: '21(2)(i)',
      exceptionApplied: true,
      basis: { requester: 0, provider: 0 },
    },
  }),
  impossible: (): Message => ({ type: 'NotificationImpossible', data: { reason: 'PROVIDER_HOLDS_NO_IDENTIFIER' } }),
  held: (heldAt: string): Message => ({ type: 'ProvisionHeldRecorded', data: { heldAt, providerLeaf: leaf } }),
  provided: (providedAt: string, { nonDisclosure = false, late = false } = {}): Message => ({
    type: 'ProvisionRecorded',
    data: { providedAt, items: ['TM00000000000002/income/2020'], digest: leaf, nonDisclosure, automatic: true, late, providerLeaf: leaf },
  }),
  notProvided: (endedAt: string, { nonDisclosure = false, late = false } = {}): Message => ({
    type: 'NoProvisionRecorded',
    data: { endedAt, reason: 'NO_RECORD', nonDisclosure, late, providerLeaf: leaf },
  }),
  received: (receivedAt: string): Message => ({ type: 'ReceiptRecorded', data: { receivedAt, requesterLeaf: leaf } }),
  withdrawn: (withdrawnAt: string): Message => ({ type: 'QueryWithdrawalRecorded', data: { withdrawnAt, requesterLeaf: leaf } }),
  lapsed: (validUntil: string): Message => ({ type: 'QueryLapsed', data: { validUntil, cause: 'UNANSWERED' } }),
};

/** Events of a query at its requester's server, and of a provision at its provider's. */
export const server = {
  submitted: (query: domain.QueryFacts, subjectStream: string): Message => ({
    type: 'QuerySubmitted',
    data: { ...query, subject: clear('1'), identifier: clear('requester identifier'), queryDigest: leaf, subjectStream },
  }),
  decided: (permitted: boolean): Message => ({
    type: 'QueryDecisionReceived',
    data: permitted
      ? { permitted, exceptionApplied: false, table: '2020-04-01', item: '74', validUntil: at(60), decisionLeaf: leaf }
      : { permitted, reason: 'NOT_IN_TABLE', article: '21(2)(i)', exceptionApplied: true, decisionLeaf: leaf },
  }),
  received: (nonDisclosure = false): Message => ({
    type: 'ProvisionReceived',
    data: {
      providedAt: at(3),
      receivedAt: at(4),
      items: ['TM00000000000002/income/2020'],
      digest: leaf,
      nonDisclosure,
      providerLeaf: leaf,
      decisionLeaf: leaf,
      keptUntil: at(9000),
    },
  }),
  withdrawn: (): Message => ({ type: 'QueryWithdrawn', data: { withdrawnAt: at(5), department: 'child-welfare' } }),
  demanded: (query: domain.QueryFacts, subjectStream?: string): Message => ({
    type: 'ProvisionDemanded',
    data: {
      ...query,
      identifier: clear('provider identifier'),
      validUntil: at(60),
      decisionLeaf: leaf,
      table: '2020-04-01',
      item: '74',
      ...(subjectStream === undefined ? {} : { subject: clear('2'), subjectStream }),
    },
  }),
  made: (nonDisclosure = false): Message => ({
    type: 'ProvisionMade',
    data: {
      providedAt: at(3),
      items: ['TM00000000000002/income/2020'],
      replicas: [],
      replicaRevision: 0,
      digest: leaf,
      nonDisclosure,
      automatic: true,
    },
  }),
  held: (): Message => ({ type: 'ProvisionHeld', data: { heldAt: at(3), reason: 'RECORD_BLOCKED' } }),
  registered: (information: string, dataset: string, period?: string, layout = '2019-06-17'): Message => ({
    type: 'ReplicaRegistered',
    data: { information, dataset, layout, content: clear('{}'), contentDigest: leaf, ...(period === undefined ? {} : { period }) },
  }),
  scoped: (type: 'AutomaticAnswerBlocked' | 'AutomaticAnswerUnblocked' | 'NonDisclosureSet' | 'NonDisclosureLifted', information?: string): Message => ({
    type,
    data: { department: 'tax', ...(information === undefined ? {} : { information }) },
  }),
  obtained: (identifier: string): Message => ({ type: 'IdentifierObtained', data: { subject: clear('2'), identifier: clear(identifier), acquisition: leaf } }),
  changed: (identifier: string, change: 'REISSUED' | 'REVOKED'): Message => ({
    type: 'SubjectIdentifierChanged',
    data: { subject: clear('2'), identifier: clear(identifier), change, changedAt: at(9) },
  }),
};

/** All rows and counts of a projection, decoded and in order. */
export async function contentOf(stored: StoredRows, { folds }: Projection): Promise<Record<string, readonly unknown[]>> {
  const content: Record<string, readonly unknown[]> = {};
  for (const { table, counted } of folds) {
    const rows = await stored.reader.selectFrom(table.name).selectAll().orderBy(table.key).execute();
    content[table.name] = rows.map((row) => stored.codecOf(table.name).decode(row));
    if (!counted) continue;
    let counts = stored.reader.selectFrom(counted.counter.name).selectAll();
    for (const dimension of counted.counter.dimensions) counts = counts.orderBy(dimension);
    content[counted.counter.name] = await counts.execute();
  }
  return content;
}
