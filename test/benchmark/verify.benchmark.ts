import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyParty } from '../../apps/cli/src/verify/verify-party.js';
import { at, core, facts } from '../../libs/read-models/src/party.fixture.js';
import { openParty } from '#libs/commands';
import { exchangeEventTypes, logEventTypes } from '#libs/domain';
import type { AppendRequest } from '#libs/event-store';
import { EventRegistry, isSealed, type Message, uuidV7 } from '#libs/kernel';
import { type Benchmark, compare, type Figure } from './benchmark.js';

const PARTY = 'core';
const EVENTS = 1_500_000;
const EVENTS_QUICK = 100_000;
const EXCHANGES_A_BATCH = 1_000;
/** Ids are of the wall clock, as the events' that open the log: one from the future would have all ids gone through again. */
const STARTED_MS = Date.now() + 60_000;
const events = new EventRegistry([...exchangeEventTypes, ...logEventTypes]);
/** What a protected field of this length looks like; nobody opens it here. */
const SEALED = {
  key: 'record/core/2020-05',
  commitment: 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA',
  sealed: 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJAq83vEjRWeJCrze8S',
};

let counter = 0;
const bits = createHash('sha256').update('renkei').digest();
function freshId(): string {
  counter += 1;
  bits.writeUInt32BE(counter, 4);
  return uuidV7(STARTED_MS + Math.floor(counter / 100), bits);
}

const sealed = ({ type, data }: Message): Message => ({
  type,
  data: Object.fromEntries(
    Object.entries(data as Record<string, unknown>).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null && 'value' in value && !isSealed(value as never) ? SEALED : value,
    ]),
  ),
});

/** The next event of each exchange. */
const appends = (streams: readonly string[], revision: number, message: Message): AppendRequest[] =>
  streams.map((stream) => {
    const id = freshId();
    const envelope = { id, stream, revision, recordedAt: at(1), at: at(1), actor: 'system', correlationId: stream, causationId: stream };
    return { stream, expectedRevision: revision - 1, events: [{ id, type: message.type, bytes: Buffer.from(events.encode(envelope, message)) }] };
  });

/** A core's record of exchanges of three events each, with its log. */
async function made(directory: string, count: number): Promise<void> {
  const party = await openParty({
    dataDirectory: join(directory, 'data'),
    keysDirectory: join(directory, 'keys'),
    events,
    log: { deployment: 'measured.example', party: PARTY },
  });
  const messages = [core.permitted('identifier', facts()), core.provided(at(2)), core.received(at(3))].map(sealed);
  for (let recorded = 1; recorded < count; recorded += EXCHANGES_A_BATCH * messages.length) {
    const streams = Array.from({ length: EXCHANGES_A_BATCH }, () => `exchange-${freshId()}`);
    for (const [revision, message] of messages.entries())
      for (const outcome of await party.store.appendMany(appends(streams, revision, message))) if (outcome.status === 'rejected') throw outcome.reason;
  }
  await party.ledger?.integrated(await party.store.lastPosition());
  await party.close();
}

async function verified(directory: string, full: boolean): Promise<number> {
  const startedMs = performance.now();
  const { findings, entries } = await verifyParty({
    party: { id: PARTY, dataDirectory: join(directory, 'data'), keysDirectory: join(directory, 'keys') },
    known: [],
    witnesses: () => [],
    full,
    threads: availableParallelism(),
    onProgress: () => undefined,
  });
  if (findings.length > 0) throw new Error(`a record as it was written has findings: ${findings.map(({ code }) => code).join(', ')}`);
  return entries / ((performance.now() - startedMs) / 1_000);
}

export const verify: Benchmark = {
  name: 'verify',
  what:
    '`renkei verify` of a core’s record (three events an exchange, each append its own run) with its log: form, headers, ids, index, leaves, tree, positions, ' +
    'checkpoints and signatures; and --full: every event decoded, encoded again and folded besides. Read models are not inside: there are none.',
  on: {
    eventStore: { not: 'it walks the embedded store’s file' },
    postgres: { not: 'it asks no read model' },
  },
  async *run({ quick }): AsyncIterable<Figure> {
    const directory = await mkdtemp(join(tmpdir(), 'renkei-verify-'));
    try {
      await made(directory, quick ? EVENTS_QUICK : EVENTS);
      yield* await compare(
        [
          { benchmark: 'verify', unit: 'entries/s', run: () => verified(directory, false) },
          { benchmark: 'verify.full', unit: 'entries/s', run: () => verified(directory, true) },
        ],
        quick ? 1 : 3,
      );
    } finally {
      await rm(directory, { recursive: true });
    }
  },
};
