import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open as openLmdb } from 'lmdb';
import { FileKeyVault, HmacNames, IdentifierCipher, monthKeyId, newEventIds, openPartySecrets, ProtectedFields, RecordKeys } from '#libs/cryptography';
import { exchangeEventTypes, replicaEventTypes } from '#libs/domain';
import { type AppendRequest, embeddedIn, LmdbEventStore, NO_STREAM, type Position } from '#libs/event-store';
import { EventRegistry, type Message, uuidV7 } from '#libs/kernel';
import { type ModelsLocation, openReadModels, type OpenReadModelsOptions, type PartyKind, type ReadModels, type ReplicaLookup } from '#libs/read-models';
import { type PostgresServer, postgresServer } from '../support/postgres/server.js';
import { type Benchmark, type Figure, median, rate, withPeakMemory } from './benchmark.js';

const AGENCY = '9900000000000001';
const INFORMATION = 'TM00000000000002';
const AT = '2020-05-08T00:00:00.000Z';
const REPLICAS_A_PERSON = 4;
const EVENTS_AN_EXCHANGE = 3;
const APPENDS_AT_ONCE = 1_000;
const LOOKUPS_ALONE = 2_000;
const LOOKUPS_A_BATCH = 1_000;
const RUNS = 3;
/** One wait is bounded by the port; a slow machine needs several. */
const CAUGHT_UP_TIMEOUT_MS = 30_000;
const CAUGHT_UP_WAITS_MAX = 20;
const registry = new EventRegistry([...replicaEventTypes, ...exchangeEventTypes]);
/** As long as a sealed field with some 200 bytes of content. */
const SEALED = 'A'.repeat(290);
const DIGEST = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA';

/** A party's directories with a store that others fold. */
interface StoredParty {
  readonly options: OpenReadModelsOptions;
  readonly names: HmacNames;
  readonly position: Position;
}

function appendOf(stream: string, events: readonly Message[], first = 0): AppendRequest {
  const ids = newEventIds(events.length);
  return {
    stream,
    expectedRevision: first === 0 ? NO_STREAM : first - 1,
    events: events.map((message, offset) => {
      const id = ids[offset] ?? '';
      const envelope = { id, stream, revision: first + offset, recordedAt: AT, at: AT, agency: AGENCY, actor: 'system', correlationId: id, causationId: id };
      return { id, type: message.type, bytes: Buffer.from(registry.encode(envelope, message)) };
    }),
  };
}

/** Appends what `make` gives for each number, a thousand at once, and closes the store. */
async function stored(directory: string, kind: PartyKind, count: number, make: (number: number) => AppendRequest, names: HmacNames): Promise<StoredParty> {
  const store = await LmdbEventStore.open(join(directory, 'event-store'));
  for (let from = 0; from < count; from += APPENDS_AT_ONCE) {
    const requests = Array.from({ length: Math.min(APPENDS_AT_ONCE, count - from) }, (_, offset) => make(from + offset));
    for (const outcome of await store.appendMany(requests)) if (outcome.status === 'rejected') throw outcome.reason as Error;
  }
  const position = await store.lastPosition();
  await store.close();
  const onAlarm = (alarm: { readonly code: string }): void => {
    throw new Error(`the read models are in trouble: ${alarm.code}`);
  };
  return {
    options: {
      kind,
      store: embeddedIn(directory),
      keyDirectory: join(directory, 'keys'),
      models: { kind: 'sqlite', directory: join(directory, 'read-models') },
      onAlarm,
    },
    names,
    position,
  };
}

const subjectOf = (names: HmacNames, person: number): string => names.subject(AGENCY, `${person}`);

async function storedReplicas(directory: string, persons: number): Promise<StoredParty> {
  const keys = await RecordKeys.open(join(directory, 'keys'));
  await keys.close();
  const names = new HmacNames(openPartySecrets(join(directory, 'keys')).streamSecret);
  const years = Array.from({ length: REPLICAS_A_PERSON }, (_, year) => `${2017 + year}`);
  const registered = (subject: string): Message[] =>
    years.map((period) => ({
      type: 'ReplicaRegistered',
      data: {
        information: INFORMATION,
        dataset: 'income',
        period,
        layout: '2019-06-17',
        content: { key: `subject/${AGENCY}/${subject}`, commitment: DIGEST, sealed: SEALED },
        contentDigest: DIGEST,
      },
    }));
  const make = (person: number): AppendRequest => {
    const subject = subjectOf(names, person);
    return appendOf(`replica-${subject}`, registered(subject));
  };
  return stored(directory, 'intermediate-server', persons, make, names);
}

/** Whole exchanges at the core, as they lie there under load: a thousand decisions, then their provisions, then their receipts. */
async function storedExchanges(directory: string, exchanges: number): Promise<StoredParty> {
  const keyDirectory = join(directory, 'keys');
  const names = new HmacNames(openPartySecrets(keyDirectory).streamSecret);
  const cipher = await IdentifierCipher.create(new FileKeyVault(keyDirectory));
  const keys = await RecordKeys.open(keyDirectory);
  const keyId = monthKeyId('core', '2020-05');
  await keys.ensure([keyId]);
  const fields = new ProtectedFields(keys);
  const facts = { affair: 'JM99000000000074', information: INFORMATION, period: '2020', department: 'child-welfare', nonDisclosure: false, requestedAt: AT };
  const decided = (number: number): Message => {
    const [requester, provider] = [`99000000000${10_000 + (number % 1_741)}`, `99000000000${10_000 + ((number * 7) % 1_741)}`];
    const link = cipher.linkOf(`${10_000_000_000 + number}`);
    const [requesterSubject, providerSubject] = fields.protect(keyId, [cipher.issue(requester, link, 1), cipher.issue(provider, link, 1)]);
    const basis = { requester: 3, provider: 3, matrix: 127 };
    const cited = { table: '2020-04-01', item: '74', grant: 0, validUntil: '2020-05-15T00:00:00.000Z', basis };
    const data = { ...facts, ...cited, requester, provider, queryDigest: DIGEST, queryLeaf: DIGEST, requesterSubject, providerSubject };
    return { type: 'QueryPermitted', data };
  };
  const provided: Message = {
    type: 'ProvisionRecorded',
    data: { providedAt: AT, items: [`${INFORMATION}/income/2020`], digest: DIGEST, nonDisclosure: false, automatic: true, late: false, providerLeaf: DIGEST },
  };
  const received: Message = { type: 'ReceiptRecorded', data: { receivedAt: AT, requesterLeaf: DIGEST } };
  const started = Date.parse(AT);
  const bits = Buffer.alloc(10);
  const make = (number: number): AppendRequest => {
    const [batch, within] = [Math.floor(number / APPENDS_AT_ONCE), number % APPENDS_AT_ONCE];
    const [step, exchange] = [batch % EVENTS_AN_EXCHANGE, Math.floor(batch / EVENTS_AN_EXCHANGE) * APPENDS_AT_ONCE + within];
    bits.writeUInt32BE(exchange, 4);
    return appendOf(`exchange-${uuidV7(started + exchange, bits)}`, [step === 0 ? decided(exchange) : step === 1 ? provided : received], step);
  };
  try {
    return await stored(directory, 'core', exchanges * EVENTS_AN_EXCHANGE, make, names);
  } finally {
    await keys.close();
  }
}

async function caughtUp(models: ReadModels, position: Position): Promise<void> {
  for (let wait = 1; ; wait += 1) {
    try {
      await models.caughtUp(position, CAUGHT_UP_TIMEOUT_MS);
      return;
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (wait === CAUGHT_UP_WAITS_MAX || (code !== 'READ_MODEL_NOT_READY' && code !== 'READ_MODELS_TIMEOUT')) throw error;
    }
  }
}

/** Where read models are kept while they are measured. */
interface Place {
  /** Told behind the names of the figures. */
  readonly label: string;
  /** A new, empty one. */
  make(party: StoredParty): ModelsLocation;
  /** Deletes what was made there. */
  clear(location: ModelsLocation): Promise<void>;
}

const files: Place = {
  label: '',
  make: ({ options }) => ({ kind: 'sqlite', directory: mkdtempSync(`${options.keyDirectory}-models-`) }),
  clear: (location) => Promise.resolve(location.kind === 'sqlite' ? rmSync(location.directory, { recursive: true }) : undefined),
};

const databaseOf = (server: PostgresServer, url: string): Place => {
  let made = 0;
  return {
    label: ', pg',
    make: () => ({ kind: 'postgres', url, deployment: 'bench', party: `party-${(made += 1)}` }),
    clear: async () => {
      const schemas = await server.query<{ name: string }>("select nspname as name from pg_namespace where nspname like 'bench%'", [], url);
      for (const { name } of schemas) await server.query(`drop schema "${name}" cascade`, [], url);
    },
  };
};

/** A fresh set of models, folded to the end of the store; the work done with them, and they are gone. */
async function withModels<T>(party: StoredParty, place: Place, work: (models: ReadModels) => Promise<T>): Promise<T> {
  const location = place.make(party);
  const models = await openReadModels({ ...party.options, models: location });
  try {
    await caughtUp(models, party.position);
    return await work(models);
  } finally {
    await models.close();
    await place.clear(location);
  }
}

async function measured(benchmark: string, unit: string, run: (round: number) => Promise<number>, baseline: readonly number[] = []): Promise<Figure> {
  const values: number[] = [];
  let peak = 0;
  for (let round = 0; round < RUNS; round += 1) {
    const { result, peakMiB } = await withPeakMemory(() => run(round));
    values.push(result);
    peak = Math.max(peak, peakMiB);
  }
  const compared = baseline.length === 0 ? null : Math.round(median(baseline));
  const middle = Math.round(median(values));
  const ratio = compared === null ? null : Math.round((middle / compared) * 100) / 100;
  return {
    benchmark,
    unit,
    median: middle,
    min: Math.round(Math.min(...values)),
    max: Math.round(Math.max(...values)),
    baseline: compared,
    ratio,
    peakRssMiB: peak,
    runs: RUNS,
  };
}

/** Opened, folded, ready; what is deleted afterwards is not counted. */
const folded = (benchmark: string, unit: string, count: number, party: StoredParty, place: Place, baseline?: Figure): Promise<Figure> =>
  measured(
    `${benchmark}${place.label}`,
    unit,
    async () => {
      const started = performance.now();
      return withModels(party, place, () => Promise.resolve((count * 1_000) / (performance.now() - started)));
    },
    baseline ? [baseline.median] : [],
  );

/** Spread over all persons, each asked for one year. */
function lookups(names: HmacNames, persons: number, count: number, round: number): ReplicaLookup[] {
  return Array.from({ length: count }, (_, at) => {
    const person = ((at + round * count) * 7_919) % persons;
    return { agency: AGENCY, subject: subjectOf(names, person), information: INFORMATION, period: `${2017 + (at % REPLICAS_A_PERSON)}` };
  });
}

async function asked(models: ReadModels, keys: readonly ReplicaLookup[]): Promise<void> {
  const found = await models.ask('replicas', { keys });
  if (found.some((answer) => answer?.replicas.length !== 1)) throw new Error('a replica that is there was not found');
}

/** Microseconds of single lookups, one after another, at a quantile. */
async function alone(models: ReadModels, keys: readonly ReplicaLookup[], quantile: number): Promise<number> {
  const took: number[] = [];
  for (const key of keys) {
    const start = performance.now();
    await asked(models, [key]);
    took.push((performance.now() - start) * 1_000);
  }
  return took.sort((a, b) => a - b)[Math.floor(took.length * quantile)] ?? Number.NaN;
}

/** The same keys from a bare LMDB file in this thread. */
async function bareLookups(directory: string, names: HmacNames, persons: number, batches: number): Promise<number[]> {
  const bare = openLmdb<Buffer, Buffer>({ path: join(directory, 'bare'), encoding: 'binary', keyEncoding: 'binary' });
  const value = Buffer.alloc(160, 1);
  let last: Promise<boolean> = Promise.resolve(true);
  for (let person = 0; person < persons; person += 1) last = bare.put(Buffer.from(subjectOf(names, person), 'hex'), value);
  await last;
  const rates: number[] = [];
  for (let round = 0; round < RUNS; round += 1) {
    const keys = lookups(names, persons, batches * LOOKUPS_A_BATCH, round);
    rates.push(await rate(keys.length, async () => Promise.resolve(keys.forEach(({ subject }) => bare.get(Buffer.from(subject, 'hex'))))));
  }
  await bare.close();
  return rates;
}

/** Figures of one place, each beside that of another place, if there is one. */
async function lookupFigures(
  { party, persons, batches, place }: { readonly party: StoredParty; readonly persons: number; readonly batches: number; readonly place: Place },
  beside: { readonly p50?: Figure; readonly p99?: Figure; readonly byThousand: readonly number[] },
): Promise<readonly [p50: Figure, p99: Figure, byThousand: Figure]> {
  return withModels(party, place, async (models) => {
    const single = (round: number): ReplicaLookup[] => lookups(party.names, persons, LOOKUPS_ALONE, round);
    const inBatches = (round: number): Promise<number> => {
      const keys = lookups(party.names, persons, batches * LOOKUPS_A_BATCH, round);
      return rate(keys.length, async () => {
        for (let from = 0; from < keys.length; from += LOOKUPS_A_BATCH) await asked(models, keys.slice(from, from + LOOKUPS_A_BATCH));
      });
    };
    const { label } = place;
    const medians = (figure: Figure | undefined): readonly number[] => (figure ? [figure.median] : []);
    return [
      await measured(`replica lookup, p50${label}`, 'µs', (round) => alone(models, single(round), 0.5), medians(beside.p50)),
      await measured(`replica lookup, p99${label}`, 'µs', (round) => alone(models, single(round), 0.99), medians(beside.p99)),
      await measured(`replica lookups by 1,000${label}`, 'lookups/s', inBatches, beside.byThousand),
    ];
  });
}

async function* replicaFigures(quick: boolean, database: Place | undefined): AsyncIterable<Figure> {
  const directory = mkdtempSync(join(tmpdir(), 'renkei-bench-'));
  const persons = (quick ? 50_000 : 1_000_000) / REPLICAS_A_PERSON;
  const batches = quick ? 20 : 100;
  try {
    const party = await storedReplicas(directory, persons);
    const fold = await folded('replicas folded', 'events/s', persons * REPLICAS_A_PERSON, party, files);
    yield fold;
    if (database) yield await folded('replicas folded', 'events/s', persons * REPLICAS_A_PERSON, party, database, fold);
    const bare = await bareLookups(directory, party.names, persons, batches);
    const figures = await lookupFigures({ party, persons, batches, place: files }, { byThousand: bare });
    yield* figures;
    const [p50, p99, byThousand] = figures;
    if (database) yield* await lookupFigures({ party, persons, batches, place: database }, { p50, p99, byThousand: [byThousand.median] });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function* exchangeFigures(quick: boolean, database: Place | undefined): AsyncIterable<Figure> {
  const exchanges = quick ? 20_000 : 200_000;
  const directory = mkdtempSync(join(tmpdir(), 'renkei-bench-'));
  try {
    const party = await storedExchanges(directory, exchanges);
    const fold = await folded('exchange rows folded', 'rows/s', exchanges, party, files);
    yield fold;
    if (database) yield await folded('exchange rows folded', 'rows/s', exchanges, party, database, fold);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A database for the work, where one is asked for. */
async function* withDatabase(postgres: string | undefined, work: (database: Place | undefined) => AsyncIterable<Figure>): AsyncIterable<Figure> {
  if (postgres === undefined) return yield* work(undefined);
  const server = await postgresServer({ durable: true, ...(postgres === 'embedded' ? {} : { url: postgres }) });
  try {
    yield* work(databaseOf(server, await server.database()));
  } finally {
    await server.stop();
  }
}

export const replica: Benchmark = {
  name: 'replica',
  what:
    'the replica view at a million replicas (--quick: 50,000), four a person: folded from the store (read, decode, fold, load sorted, worker start, all in the ' +
    "party's one worker thread), and asked through the worker, one by one and in batches of 1,000, against bare LMDB gets in the asking thread; besides, whole " +
    'exchanges of three events folded at the core, identifiers opened, persons named, indexes and statistics made; with --postgres the same there, against SQLite',
  async *run({ quick, postgres }) {
    yield* withDatabase(postgres, async function* (database) {
      yield* replicaFigures(quick, database);
      yield* exchangeFigures(quick, database);
    });
  },
};
