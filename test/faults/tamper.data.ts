// A small data directory as a sandbox leaves it: the core, a requester's server and a provider's, each with record, log and
// read models; an interface system that remembers the core's log; cosignatures both ways.
import { hash } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { open } from 'lmdb';
import { coreEvents } from '../../apps/core/src/open-core.js';
import { serverEvents } from '../../apps/intermediate-server/src/open-server.js';
import { at, core, exchangeId, facts, server, type ToRecord } from '../../libs/read-models/src/party.fixture.js';
import { openParty, type Party } from '#libs/commands';
import { FileKeyVault, IdentifierCipher, newEventId, SigningKey } from '#libs/cryptography';
import { type ClearField, type EventRegistry, isSealed, type Protected } from '#libs/kernel';
import { KnownLogs } from '#libs/ledger';
import { COSIGNATURE_V1, cosign, parseNote, verifierKeyOf } from '#libs/proofs';
import { openReadModels } from '#libs/read-models';

export const DEPLOYMENT = 'tamper.example';
export const CORE = 'core';
export const REQUESTER = 'is-east';
export const PROVIDER = 'is-west';
export const PARTIES = [CORE, REQUESTER, PROVIDER] as const;
export const IFS = 'ifs-east';
const EXCHANGES = 130;
const KEY = 'record/core/2020-05';

export const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');
export const partyDirectory = (data: string, id: string): string => join(data, 'parties', id);
export const keysDirectory = (data: string, id: string): string => join(data, 'keys', id);
const eventsOf = (id: string): EventRegistry => (id === CORE ? coreEvents() : serverEvents);

export const openOne = (data: string, id: string): Promise<Party> =>
  openParty({
    dataDirectory: partyDirectory(data, id),
    keysDirectory: keysDirectory(data, id),
    events: eventsOf(id),
    log: { deployment: DEPLOYMENT, party: id, now: () => at(0) },
  });

/** Makes it. The directory must be empty. */
export async function makeData(data: string): Promise<void> {
  const opened = await Promise.all(PARTIES.map((id) => openOne(data, id)));
  const [own, requester, provider] = opened as [Party, Party, Party];
  const cipher = await IdentifierCipher.create(new FileKeyVault(keysDirectory(data, CORE)));
  const identifier = cipher.issue('9900000000000001', cipher.linkOf('12345678901'), 1);
  const exchanges = Array.from({ length: EXCHANGES }, (_, number) => exchangeId(number));
  await record(
    own,
    CORE,
    exchanges.map((id) => ({ stream: `exchange-${id}`, events: [core.permitted(identifier, facts())], at: at(1), keyId: KEY })),
  );
  await record(
    own,
    CORE,
    exchanges.map((id, number) => ({
      stream: `exchange-${id}`,
      events: [number % 3 === 0 ? core.notProvided(at(2)) : core.provided(at(2))],
      at: at(2),
      keyId: KEY,
    })),
  );
  await record(
    own,
    CORE,
    exchanges.map((id) => ({ stream: `exchange-${id}`, events: [core.received(at(4))], at: at(4), keyId: KEY })),
  );
  const queries = exchanges.map((id) => `query-${id}`);
  await record(
    requester,
    REQUESTER,
    queries.map((stream) => atAgency(stream, [server.submitted(facts(), '5'.repeat(32))])),
  );
  await record(
    requester,
    REQUESTER,
    queries.map((stream) => atAgency(stream, [server.decided(true), server.received()])),
  );
  const provisions = exchanges.map((id) => `provision-${id}`);
  await record(
    provider,
    PROVIDER,
    provisions.map((stream) => atAgency(stream, [server.demanded(facts())])),
  );
  await record(
    provider,
    PROVIDER,
    provisions.map((stream) => atAgency(stream, [server.made()])),
  );
  await record(
    provider,
    PROVIDER,
    exchanges.map((_, number) => atAgency(`replica-${String(number).padStart(32, '0')}`, [server.registered('TM00000000000002', 'income')])),
  );
  await witness(data, own, requester, provider);
  for (const party of opened) await party.close();
  for (const id of PARTIES) {
    await foldModels(data, id);
    for (const file of ['event-store/events.mdb', 'ledger/ledger.mdb']) await compact(join(partyDirectory(data, id), file));
  }
}

/** Pages that LMDB no longer uses go: every page that is left is read by somebody. */
async function compact(file: string): Promise<void> {
  const database = open({ path: file, noSubdir: true, keyEncoding: 'binary', encoding: 'binary' });
  await database.backup(`${file}.compact`, true);
  await database.close();
  await rename(`${file}.compact`, file);
  await rm(`${file}-lock`, { force: true });
}

const atAgency = (stream: string, events: ToRecord['events']): ToRecord => ({ stream, events, at: at(2), agency: '9900000000000001', keyId: KEY });

async function record(party: Party, id: string, appends: readonly ToRecord[]): Promise<void> {
  await party.keys.ensure([KEY]);
  const revisions = await party.store.revisions(appends.map(({ stream }) => stream));
  const requests = appends.map(({ stream, events, at: instant, agency, keyId }, index) => ({
    stream,
    expectedRevision: revisions[index] ?? -1,
    events: events.map(({ type, data }, offset) => {
      const event = newEventId();
      const revision = (revisions[index] ?? -1) + 1 + offset;
      const envelope = { id: event, stream, revision, recordedAt: instant, at: instant, actor: 'system', correlationId: stream, causationId: stream };
      const message = { type, data: sealed(data as Record<string, unknown>, (value) => party.fields.protect(keyId, [value])[0]) };
      return { id: event, type, bytes: Buffer.from(eventsOf(id).encode(agency === undefined ? envelope : { ...envelope, agency }, message)) };
    }),
  }));
  for (const outcome of await party.store.appendMany(requests)) if (outcome.status === 'rejected') throw outcome.reason as Error;
  await party.ledger?.integrated(await party.store.lastPosition());
}

function sealed(data: Record<string, unknown>, seal: (value: string) => unknown): Record<string, unknown> {
  const isClear = (value: unknown): value is ClearField => typeof value === 'object' && value !== null && 'value' in value && !isSealed(value as Protected);
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, isClear(value) ? seal(value.value) : value]));
}

/** The interface system cosigns the core's log, the core those of the servers; each remembers what it saw. */
export async function witness(data: string, own: Party, requester: Party, provider: Party): Promise<void> {
  const ifs = SigningKey.openOrCreate(keysDirectory(data, IFS));
  await witnessed(partyDirectory(data, IFS), IFS, ifs, [own]);
  await witnessed(join(partyDirectory(data, CORE), 'witnessed-logs'), CORE, own.signing, [requester, provider]);
}

async function witnessed(directory: string, name: string, signing: SigningKey, parties: readonly Party[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  const known = await KnownLogs.open(directory, { pinned: parties.flatMap(({ log }) => log?.keys ?? []) });
  const key = verifierKeyOf(sha256, `${DEPLOYMENT}/${name}`, COSIGNATURE_V1, Buffer.from(signing.publicText, 'base64url'));
  for (const { ledger } of parties) {
    if (ledger === undefined) throw new Error('a party without a log');
    const { checkpoint } = ledger;
    await known.verify(checkpoint.note);
    const timeSeconds = 1_588_896_000;
    const line = cosign(parseNote(checkpoint.note)?.text ?? '', { key, sign: (message) => signing.sign(message) }, timeSeconds);
    await ledger.addCosignature(checkpoint, { line, witness: key.name, size: checkpoint.size, timeSeconds });
  }
}

async function foldModels(data: string, id: string): Promise<void> {
  const party = await openOne(data, id); // before its worker: in one process a file is opened as whoever comes first opens it
  const models = await openReadModels({
    kind: id === CORE ? 'core' : 'intermediate-server',
    store: party.location,
    keyDirectory: keysDirectory(data, id),
    models: { kind: 'sqlite', directory: join(partyDirectory(data, id), 'read-models') },
    onAlarm: ({ code }) => {
      throw new Error(code);
    },
  });
  await models.caughtUp(await party.store.lastPosition(), 20_000);
  await models.close();
  await party.close();
}
