import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AppendRequest, LmdbEventStore, NO_STREAM } from '#libs/event-store';
import { EventRegistry, eventType, integer, uuidV7 } from '#libs/kernel';
import { BatchInclusion } from '#libs/proofs';
import { leafHash } from '../tree/leaf-hash.js';
import { nativeHasher } from '../tree/native-hasher.js';
import type { Ledger } from './ledger.js';
import { hex, ORIGIN, rootOf, testSigner, verified } from './log.fixture.js';
import { openLedger } from './lmdb-ledger.js';

let directory: string;
let store: LmdbEventStore;
let ledger: Ledger;
let troubles: string[];
const signer = testSigner();
const registry = new EventRegistry([eventType('CountTold', { count: integer })]);
let counted = 0;

const openedLedger = (): Promise<Ledger> =>
  openLedger({ directory: join(directory, 'ledger'), source: store, origin: ORIGIN, signers: [signer], onTrouble: (code) => troubles.push(code) });

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'renkei-ledger-store-'));
  troubles = [];
  store = await LmdbEventStore.open(join(directory, 'event-store'));
  ledger = await openedLedger();
});
afterEach(async () => {
  await ledger.close();
  await store.close();
  await rm(directory, { recursive: true });
});

function appendOf(events: number): AppendRequest {
  const instant = '2020-05-08T00:00:00.000Z';
  const fresh = (): string => uuidV7(Date.parse(instant) + counted++, Buffer.alloc(10, counted % 251));
  const stream = `count-${fresh()}`;
  return {
    stream,
    expectedRevision: NO_STREAM,
    events: Array.from({ length: events }, (_, revision) => {
      const id = fresh();
      const envelope = { id, stream, revision, recordedAt: instant, at: instant, actor: 'system', correlationId: id, causationId: id };
      return { id, type: 'CountTold', bytes: Buffer.from(registry.encode(envelope, { type: 'CountTold', data: { count: counted } })) };
    }),
  };
}

describe('the log of a store', () => {
  it('has every append in it as soon as anybody can know of it, and proves all of its events', async () => {
    const appendAndProve = async (): Promise<void> => {
      const request = appendOf(1 + Math.floor(Math.random() * 5));
      const { position } = await store.append(request);
      const { size } = await ledger.integrated(position);
      const last = request.events.length - 1;
      const indexes = request.events.map((_, revision) => ledger.indexAt(position, last - revision));
      const { proof, places } = ledger.prove(indexes);
      const head = verified(proof.checkpoint, signer);
      expect(head.size).toBeGreaterThanOrEqual(size);
      const inclusion = new BatchInclusion(nativeHasher, proof.nodes, head);
      expect(request.events.every(({ bytes }, revision) => inclusion.includes(leafHash(bytes), places[revision] as never))).toBe(true);
    };
    for (let round = 0; round < 10; round += 1) await Promise.all(Array.from({ length: 40 }, appendAndProve));
    const { events } = await store.readAll({ after: 0n, limit: 10_000 });
    expect([ledger.checkpoint.size, hex(ledger.checkpoint.root)]).toEqual([events.length, rootOf(events.map(({ bytes }) => bytes))]);
  });

  it('follows though nobody waits', async () => {
    const { position } = await store.append(appendOf(3));
    for (let looks = 0; looks < 100 && ledger.checkpoint.position < position; looks += 1) await sleep(2);
    expect(ledger.checkpoint).toMatchObject({ size: 3, position });
  });

  it('works off what came before it, in pages, and lets others run between them', async () => {
    await ledger.close();
    for (let round = 0; round < 12; round += 1) await store.appendMany(Array.from({ length: 400 }, () => appendOf(5)));
    let turns = 0;
    const turning = setInterval(() => (turns += 1), 0);
    ledger = await openedLedger();
    const { size } = await ledger.integrated(await store.lastPosition());
    clearInterval(turning);
    expect([size, turns >= 3]).toEqual([24_000, true]);
    const { events } = await store.readAll({ after: 11_999n, limit: 1 });
    expect(events[0]?.position).toBe(ledger.positionsOf(11_999, 12_000)[0]);
  });

  it('answers nothing once the store is closed', async () => {
    const { position } = await store.append(appendOf(1));
    await ledger.integrated(position);
    await store.close();
    await expect(ledger.integrated(position + 1n)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    expect(troubles).toEqual(['LEDGER_UNAVAILABLE']);
  });
});
