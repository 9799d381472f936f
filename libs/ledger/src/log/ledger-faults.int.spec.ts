import { execFileSync, spawnSync } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BatchInclusion } from '#libs/proofs';
import { leafHash } from '../tree/leaf-hash.js';
import { nativeHasher } from '../tree/native-hasher.js';
import { abandonedLedgers, abandonLedger } from './abandon-ledger.js';
import type { Cosignature, Ledger } from './ledger.js';
import { entry, hex, ListSource, ORIGIN, rootOf, testSigner, verified } from './log.fixture.js';
import { openLedger, type OpenLedgerOptions } from './lmdb-ledger.js';
import { readLedger } from './read-ledger.js';

let directory: string;
let ledgers: Ledger[];
let troubles: string[];
const signer = testSigner();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'renkei-ledger-faults-'));
  ledgers = [];
  troubles = [];
});
afterEach(async () => {
  for (const ledger of ledgers) await ledger.close();
  await rm(directory, { recursive: true });
});

async function opened(source: ListSource, options: Partial<OpenLedgerOptions> = {}): Promise<Ledger> {
  const ledger = await openLedger({ directory, source, origin: ORIGIN, signers: [signer], onTrouble: (code) => troubles.push(code), ...options });
  ledgers.push(ledger);
  return ledger;
}
/** A log of so many entries, written and closed again. */
async function written(source: ListSource, count: number): Promise<void> {
  const ledger = await opened(source);
  await ledger.integrated(source.grow(count));
  await ledger.close();
}

describe('a store that is not the one that was signed', () => {
  it('is refused where it is shorter', async () => {
    const source = new ListSource();
    await written(source, 300);
    source.events.length = 299;
    await expect(opened(source)).rejects.toMatchObject({
      code: 'LEDGER_AHEAD_OF_STORE',
      kind: 'unavailable',
      message: expect.stringContaining('renkei ledger open-epoch'),
    });
    await expect(readLedger({ directory, source })).rejects.toMatchObject({ code: 'LEDGER_AHEAD_OF_STORE' });
    source.events.length = 0;
    await expect(opened(source)).rejects.toMatchObject({ code: 'LEDGER_AHEAD_OF_STORE' });
  });

  it('is refused where its last entry has other bytes, or stands elsewhere', async () => {
    const source = new ListSource();
    await written(source, 300);
    const last = source.events[299] as { position: bigint; bytes: Buffer };
    source.events[299] = { ...last, bytes: entry(1_000) };
    source.grow(5);
    await expect(opened(source)).rejects.toMatchObject({ code: 'LEDGER_CONTRADICTED', kind: 'internal', message: expect.stringContaining('Restore') });
    source.events[299] = { ...last, position: 300n + 1n };
    source.events.length = 300;
    await expect(opened(source)).rejects.toMatchObject({ code: 'LEDGER_CONTRADICTED' });
    source.events[299] = last;
    const ledger = await opened(source);
    expect(ledger.checkpoint.size).toBe(300);
  });

  it('is never signed where its positions go back', async () => {
    const source = new ListSource();
    const ledger = await opened(source);
    await ledger.integrated(source.grow(10));
    source.events.push({ position: 12n, bytes: entry(10) }, { position: 11n, bytes: entry(11) });
    await expect(ledger.integrated(11n)).rejects.toMatchObject({ code: 'LEDGER_CONTRADICTED' });
    await expect(ledger.integrated(1n)).rejects.toMatchObject({ code: 'LEDGER_CONTRADICTED' });
    expect([ledger.checkpoint.size, troubles]).toEqual([10, ['LEDGER_CONTRADICTED']]);
  });
});

describe('a new epoch', () => {
  it('is not begun by a new origin alone, but once the old log was put aside, which can still be read', async () => {
    const source = new ListSource();
    await written(source, 300);
    const second = 'renkei.example/core/2';
    const next = testSigner(second);
    source.events.length = 200;
    await expect(opened(source, { origin: second, signers: [next] })).rejects.toMatchObject({ code: 'LEDGER_OF_ANOTHER_EPOCH', kind: 'conflict' });
    const abandoned = await abandonLedger(directory);
    expect(verified(abandoned?.checkpoint.note ?? '', signer)).toMatchObject({ origin: ORIGIN, size: 300 });
    expect(await abandonLedger(directory)).toBeUndefined();
    const ledger = await opened(source, { origin: second, signers: [next] });
    await ledger.integrated(source.grow(20));
    expect(verified(ledger.checkpoint.note, next)).toMatchObject({ origin: second, size: 220 });
    expect(hex(ledger.checkpoint.root)).toBe(rootOf(source.events.map(({ bytes }) => bytes)));
    expect(await abandonedLedgers(directory)).toEqual([abandoned]);
    const old = await readLedger({ directory, name: abandoned?.name ?? '' });
    ledgers.push(old);
    expect(old.origin).toBe(ORIGIN);
    expect(old.prove([299]).places).toHaveLength(1);
  });

  it('keeps every log that was put aside', async () => {
    for (const count of [3, 4]) {
      await written(new ListSource(), count);
      await abandonLedger(directory);
    }
    expect((await abandonedLedgers(directory)).map(({ name, checkpoint }) => [name, checkpoint.size])).toEqual([
      ['epoch-1-2.mdb', 4],
      ['epoch-1.mdb', 3],
    ]);
  });
});

describe('trouble', () => {
  it('of the store rejects whoever waits, is told once, and passes', async () => {
    const source = new ListSource();
    const ledger = await opened(source);
    await ledger.integrated(source.grow(2));
    source.failing = true;
    const position = source.grow(1);
    await expect(ledger.integrated(position)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE', kind: 'unavailable' });
    await expect(ledger.integrated(1n)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await sleep(450); // it was tried again meanwhile
    expect([troubles, ledger.checkpoint.size]).toEqual([['LEDGER_UNAVAILABLE'], 2]);
    source.failing = false;
    while (ledger.checkpoint.size < 3) await sleep(20);
    expect((await ledger.integrated(position)).size).toBe(3);
  });

  it('of the signing key rejects whoever waits, and what came meanwhile is signed after', async () => {
    let broken = false;
    const sign = (message: Uint8Array): Uint8Array => {
      if (broken) throw new Error('the key is gone');
      return signer.sign(message);
    };
    const source = new ListSource();
    const ledger = await opened(source, { signers: [{ key: signer.key, sign }] });
    broken = true;
    const position = source.grow(4);
    await expect(ledger.integrated(position)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    expect(ledger.checkpoint.size).toBe(0);
    broken = false;
    while (ledger.checkpoint.size < 4) await sleep(20);
    expect(verified(ledger.checkpoint.note, signer)).toMatchObject({ size: 4 });
    expect(hex(ledger.checkpoint.root)).toBe(rootOf(source.events.map(({ bytes }) => bytes)));
  });

  it('of a full disk rejects, so that nothing is answered', async () => {
    const source = new ListSource();
    const ledger = await opened(source, { reserveBytes: Number.MAX_SAFE_INTEGER });
    await expect(ledger.integrated(source.grow(1))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE', message: expect.stringContaining('full') });
    expect(troubles).toEqual(['LEDGER_UNAVAILABLE']);
  });

  const canMount = process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;
  const title = 'of a full disk passes by itself once there is room';
  (canMount ? it : it.skip)(canMount ? title : `${title} (skipped: it mounts a file system, which takes Linux and root)`, async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'none', directory]);
    try {
      const source = new ListSource();
      const reserveBytes = 6 * 1024 * 1024;
      const ledger = await opened(source, { reserveBytes });
      await ledger.integrated(source.grow(3_000));
      await writeFile(join(directory, 'filler'), Buffer.alloc(11 * 1024 * 1024));
      source.grow(500);
      while (troubles.length === 0) await sleep(20);
      await expect(ledger.integrated(1n)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
      await rm(join(directory, 'filler'));
      let refused = true;
      while (refused) {
        await sleep(20);
        refused = await ledger.integrated(1n).then(
          () => false,
          () => true,
        );
      }
      await ledger.integrated(source.grow(500));
      await ledger.close();
      const again = await opened(source, { reserveBytes });
      expect([again.checkpoint.size, hex(again.checkpoint.root)]).toEqual([4_000, rootOf(source.events.map(({ bytes }) => bytes))]);
      expect(troubles).toEqual(['LEDGER_UNAVAILABLE']);
    } finally {
      for (const ledger of ledgers) await ledger.close();
      execFileSync('umount', [directory]);
    }
  });

  it('of a source that never has the entry ends for whoever waits when the ledger closes', async () => {
    const ledger = await opened(new ListSource());
    const waiting = ledger.integrated(1n);
    await ledger.close();
    await expect(waiting).rejects.toMatchObject({ code: 'LEDGER_CLOSED' });
    await expect(ledger.integrated(0n)).rejects.toMatchObject({ code: 'LEDGER_CLOSED' });
    expect(() => ledger.prove([])).toThrow(expect.objectContaining({ code: 'LEDGER_CLOSED' }));
  });
});

describe('a file of the ledger', () => {
  it('that is lost, or older than the store, is made up for from the store', async () => {
    const source = new ListSource();
    await written(source, 1_000);
    await copyFile(join(directory, 'ledger.mdb'), join(directory, 'backup'));
    await written(source, 3_000);
    await copyFile(join(directory, 'backup'), join(directory, 'ledger.mdb'));
    const root = rootOf(source.events.map(({ bytes }) => bytes));
    const restored = await opened(source);
    expect(hex((await restored.integrated(await source.lastPosition())).root)).toBe(root);
    await restored.close();
    for (const name of await readdir(directory)) await rm(join(directory, name));
    const made = await opened(source);
    expect(hex((await made.integrated(await source.lastPosition())).root)).toBe(root);
  });

  it('whose tile was changed proves nothing from it: neither its own leaves nor by what stands above it', async () => {
    const source = new ListSource();
    await written(source, 20_000);
    const path = join(directory, 'ledger.mdb');
    const file = await readFile(path);
    const at = file.indexOf(leafHash(entry(1_000)));
    expect(at).toBeGreaterThan(0);
    file[at + 5] = (file[at + 5] ?? 0) ^ 1;
    await writeFile(path, file);
    const ledger = await opened(source);
    const { size, root } = ledger.checkpoint;
    for (const index of [800, 1_000]) expect(() => ledger.prove([index])).toThrow(expect.objectContaining({ code: 'LEDGER_DAMAGED' }));
    expect(() => ledger.tile(0, 3)).toThrow(expect.objectContaining({ code: 'LEDGER_DAMAGED' }));
    const { proof, places } = ledger.prove([2_000]);
    expect(new BatchInclusion(nativeHasher, proof.nodes, { size, root }).includes(leafHash(entry(2_000)), places[0] as never)).toBe(true);
  });

  it('is not read where there is none, nor in a path that is a file', async () => {
    await expect(readLedger({ directory })).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await writeFile(join(directory, 'file'), '');
    await expect(opened(new ListSource(), { directory: join(directory, 'file', 'below') })).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
  });
});

describe('the keys of a log', () => {
  it('both sign during a rotation, from one checkpoint on, and after a restart', async () => {
    const source = new ListSource();
    const ledger = await opened(source);
    await ledger.integrated(source.grow(2));
    const next = testSigner();
    ledger.setSigners([signer, next]);
    expect(verified(ledger.checkpoint.note, signer, next)).toMatchObject({ size: 2 });
    await ledger.integrated(source.grow(1));
    expect(verified(ledger.checkpoint.note, signer, next)).toMatchObject({ size: 3 });
    await ledger.close();
    expect(verified((await opened(source, { signers: [next] })).checkpoint.note, next)).toMatchObject({ size: 3 });
  });

  it('name the log, and one there must be', async () => {
    const source = new ListSource();
    const refusal = { code: 'LEDGER_KEY_OF_ANOTHER_LOG', kind: 'internal' };
    await expect(opened(source, { signers: [] })).rejects.toMatchObject(refusal);
    await expect(opened(source, { signers: [testSigner('renkei.example/core/2')] })).rejects.toMatchObject(refusal);
    const ledger = await opened(source);
    expect(() => ledger.setSigners([signer, testSigner('renkei.example/east/1')])).toThrow(expect.objectContaining(refusal));
    expect(verified(ledger.checkpoint.note, signer)).toMatchObject({ size: 0 });
  });
});

describe('cosignatures', () => {
  const cosignature = (witness: string, size: number, timeSeconds = 1): Cosignature => ({
    witness,
    size,
    timeSeconds,
    line: `— ${witness} ${Buffer.alloc(76, size % 256).toString('base64')}`,
  });

  it('stand on the newest checkpoint that has some, the newest a witness, and survive', async () => {
    const source = new ListSource();
    let nowMs = 1_000;
    const ledger = await opened(source, { wallClockMs: () => nowMs });
    expect([ledger.cosigned, ledger.witnessed]).toEqual([undefined, { sizes: new Map(), unwitnessedSinceMs: undefined }]);
    const first = await ledger.integrated(source.grow(3));
    nowMs = 60_000;
    const second = await ledger.integrated(source.grow(4));
    expect(ledger.witnessed.unwitnessedSinceMs).toBe(1_000);
    await ledger.addCosignature(first, cosignature('w/a', 3));
    await ledger.addCosignature(first, cosignature('w/b', 3));
    expect(ledger.cosigned?.note).toBe(`${first.note}${cosignature('w/a', 3).line}\n${cosignature('w/b', 3).line}\n`);
    expect(ledger.witnessed.unwitnessedSinceMs).toBeLessThanOrEqual(60_000);
    await ledger.addCosignature(second, cosignature('w/a', 7));
    await ledger.addCosignature(first, cosignature('w/a', 3, 9)); // too late
    const witnessed = { sizes: new Map(Object.entries({ 'w/a': 7, 'w/b': 3 })), unwitnessedSinceMs: undefined };
    expect([ledger.cosigned?.note, ledger.witnessed]).toEqual([`${second.note}${cosignature('w/a', 7).line}\n`, witnessed]);
    await ledger.close();
    const again = await opened(source);
    expect([again.cosigned?.size, again.witnessed]).toEqual([7, witnessed]);
    expect(again.checkpoints(0, 10).map(({ size }) => size)).toEqual([3]);
  });

  it('are refused on what this log never signed, and where the line is none of that witness', async () => {
    const source = new ListSource();
    const ledger = await opened(source);
    const checkpoint = await ledger.integrated(source.grow(3));
    const forged = { ...checkpoint, root: Buffer.alloc(32) };
    await expect(ledger.addCosignature(forged, cosignature('w/a', 3))).rejects.toMatchObject({ code: 'LEDGER_CONTRADICTED' });
    await expect(ledger.addCosignature({ ...checkpoint, size: 4 }, cosignature('w/a', 4))).rejects.toThrow(RangeError);
    for (const wrong of [{ line: 'nothing' }, { witness: 'w/b' }, { size: 2 }, { line: `${cosignature('w/a', 3).line}\n` }]) {
      await expect(ledger.addCosignature(checkpoint, { ...cosignature('w/a', 3), ...wrong })).rejects.toMatchObject({ code: 'LEDGER_COSIGNATURE_MALFORMED' });
    }
    expect(ledger.cosigned).toBeUndefined();
    await ledger.close();
  });
});
