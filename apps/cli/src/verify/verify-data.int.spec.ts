import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openParty, type Party } from '#libs/commands';
import { newEventId } from '#libs/cryptography';
import { logEventTypes } from '#libs/domain';
import { StoreWalk } from '#libs/event-store';
import { EventRegistry } from '#libs/kernel';
import { run } from '../program.js';
import { verifyGuarded } from './guarded.js';
import { openRangePool } from './range-pool.js';
import { verifyData } from './verify-data.js';

const events = new EventRegistry(logEventTypes);
const ENTRIES = 700;

describe('the check of a data directory', () => {
  let data: string;
  let party: Party;
  beforeEach(async () => {
    data = mkdtempSync(join(tmpdir(), 'renkei-verify-data-'));
    party = await openParty({
      dataDirectory: join(data, 'parties', 'core'),
      keysDirectory: join(data, 'keys', 'core'),
      events,
      log: { deployment: 'checked.example', party: 'core' },
    });
    await record(ENTRIES);
  });
  afterEach(async () => {
    await party.close();
    rmSync(data, { recursive: true });
  });

  async function record(count: number): Promise<void> {
    const instant = '2020-05-08T00:00:00.000Z';
    const requests = Array.from({ length: count }, () => {
      const id = newEventId();
      const stream = `ledger-access.${id}`;
      const envelope = { id, stream, revision: 0, recordedAt: instant, at: instant, actor: 'system', correlationId: id, causationId: id };
      const message = { type: 'EntriesRead', data: { auditor: 'a', from: 0, to: 1 } };
      return { stream, expectedRevision: -1, events: [{ id, type: message.type, bytes: Buffer.from(events.encode(envelope, message)) }] };
    });
    for (const outcome of await party.store.appendMany(requests)) if (outcome.status === 'rejected') throw outcome.reason as Error;
    await party.ledger?.integrated(await party.store.lastPosition());
  }
  const check = (full = false): ReturnType<typeof verifyGuarded> => verifyGuarded({ data, parties: [], full, threads: 0 });

  it('finds a record whole, and tells what it holds', async () => {
    await party.close();
    const told: string[] = [];
    const report = await verifyGuarded({
      data,
      parties: ['core'],
      full: true,
      threads: 2,
      onParty: (id) => told.push(id),
      onProgress: (stage) => told.push(stage),
    });
    expect(report).toMatchObject({ ok: true, full: true, findings: [], parties: [{ party: 'core', origin: 'checked.example/core/1', entries: ENTRIES + 1 }] });
    expect(new Set(told)).toEqual(new Set(['core', 'store', 'index']));
  });

  it.each([0, 2])('takes ranges that are asked for beside each other one after the other in a thread (threads: %i)', async (threads) => {
    await party.close();
    const directory = join(data, 'parties/core/event-store');
    const walk = StoreWalk.open(directory);
    const last = walk.lastPosition();
    const location = { kind: 'embedded', directory } as const;
    const pool = openRangePool(threads, { location, ledgerDirectory: undefined, seed: walk.seed, full: true });
    const cuts = [1, 200, 400, last + 1];
    const ranges = await Promise.all(cuts.slice(1).map((to, index) => pool.run({ from: cuts[index] as number, to, size: last })));
    await pool.end();
    await walk.close();
    let next = 0;
    for (const { hashed, ids, finding, unfolded } of ranges) {
      expect({ finding, unfolded }).toEqual({ finding: undefined, unfolded: undefined });
      const entries = ids.reduce((count, words) => count + words.length / 4, 0);
      expect(hashed).toMatchObject({ first: next });
      next += entries;
    }
    expect(next).toBe(last);
  });

  it('finds nothing beside an owner that records and signs all the while', async () => {
    let recording = true;
    const owner = (async (): Promise<void> => {
      while (recording) await record(50);
    })();
    for (let round = 0; round < 3; round += 1) expect(await check()).toMatchObject({ ok: true, parties: [{ findings: [] }] });
    recording = false;
    await owner;
  });

  it('ends the program with 65 and names the first bad position where something does not hold', async () => {
    await party.close();
    const { open } = await import('lmdb');
    const file = open<Buffer, Buffer>({ path: join(data, 'parties/core/event-store/events.mdb'), noSubdir: true, keyEncoding: 'binary', encoding: 'binary' });
    const key = Buffer.from('02000000000002', 'hex');
    const block = Buffer.from(file.getBinary(key) as Buffer);
    block[block.indexOf('"actor":"system"') + 9] = 0x53; // System
    file.putSync(key, block);
    await file.close();
    const printed: string[] = [];
    const sink = { write: (text: string) => printed.push(text) };
    const status = await run({ args: ['verify', '--data', data, '--json'], environment: {}, stdout: sink, stderr: sink }, '0');
    expect(status).toBe(65);
    const report = JSON.parse(printed.join('')) as Awaited<ReturnType<typeof verifyData>>;
    expect(report.ok).toBe(false);
    expect(report.parties[0]?.findings[0]).toMatchObject({ code: 'TILE_CONTRADICTS_STORE', position: 2 });
  });

  it('refuses a party that is not there', async () => {
    await expect(verifyData({ data, parties: ['is-east'], full: false, threads: 0 })).rejects.toMatchObject({ code: 'USAGE' });
  });
});
