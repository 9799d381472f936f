import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ProtectedFields } from '../protected-fields/protected-fields.js';
import { holderKeyId, isRecordKeyId, monthKeyId, residentKeyId, subjectKeyId } from './key-ids.js';
import { RecordKeys } from './record-keys.js';

const MAY = monthKeyId('core', '2020-05');
const NAME = 'ab'.repeat(16);
let directory: string;
const open: RecordKeys[] = [];

async function openKeys(options: Parameters<typeof RecordKeys.open>[1] = {}): Promise<RecordKeys> {
  const keys = await RecordKeys.open(directory, options);
  open.push(keys);
  return keys;
}
async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((keys) => keys.close()));
}
/** The same lookups in a thread of its own, read only. */
async function inWorker(keyIds: readonly string[]): Promise<unknown> {
  const worker = new Worker(new URL('./record-keys.spec-worker.js', import.meta.url), { workerData: { directory, keyIds } });
  const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  await worker.terminate();
  return answer;
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'renkei-record-keys-'));
});
afterEach(async () => {
  await closeAll();
  rmSync(directory, { recursive: true });
});

describe('record keys', () => {
  it('are made once, and still open after a restart what was sealed before it', async () => {
    const keys = await openKeys();
    expect(keys.get(MAY)).toBe('missing');
    await keys.ensure([MAY, MAY]);
    const sealed = new ProtectedFields(keys).protect(MAY, ['value']);
    await keys.ensure([MAY]);
    await closeAll();
    expect(new ProtectedFields(await openKeys()).openAll(sealed)).toMatchObject([{ value: 'value' }]);
  });

  it('are the same for calls that want the same key at the same moment', async () => {
    const keys = await openKeys({ keysCachedMax: 2 });
    const ids = Array.from({ length: 50 }, (_, index) => monthKeyId('core', `2020-${index}`));
    await Promise.all(Array.from({ length: 20 }, () => keys.ensure(ids)));
    const fields = new ProtectedFields(keys);
    const sealed = fields.protectAll(ids.map((keyId) => ({ keyId, value: keyId })));
    await Promise.all(ids.map((id) => keys.ensure([id])));
    await closeAll();
    expect(new ProtectedFields(await openKeys()).openAll(sealed).map((field) => (field.erased ? '' : field.value))).toEqual(ids);
  });

  it('come in bulk', async () => {
    const keys = await openKeys();
    const ids = Array.from({ length: 25_000 }, (_, index) => subjectKeyId('0220101100001700', String(index).padStart(32, '0')));
    await keys.ensure(ids);
    expect(ids.every((id) => typeof keys.get(id) === 'object')).toBe(true);
  });

  it('differ from one id to the next', async () => {
    const keys = await openKeys();
    const ids = [MAY, monthKeyId('core', '2020-06'), subjectKeyId('a', NAME), holderKeyId('a', NAME), residentKeyId(NAME)];
    await keys.ensure(ids);
    const seen = ids.map((id) => {
      const key = keys.get(id);
      return typeof key === 'string' ? key : Buffer.from(key.encryptBlocks(new Uint8Array(16))).toString('hex');
    });
    expect(new Set(seen).size).toBe(ids.length);
  });

  it('once destroyed are never made again, before and after a restart', async () => {
    const keys = await openKeys();
    await keys.ensure([MAY, residentKeyId(NAME)]);
    const fields = new ProtectedFields(keys);
    const sealed = [...fields.protect(MAY, ['may']), ...fields.protect(residentKeyId(NAME), ['kept'])];
    await keys.destroy(MAY);
    await keys.ensure([MAY]);
    expect(keys.get(MAY)).toBe('destroyed');
    await closeAll();
    const reopened = await openKeys();
    await reopened.ensure([MAY]);
    expect(new ProtectedFields(reopened).openAll(sealed)).toMatchObject([{ erased: true }, { value: 'kept' }]);
  });

  it('leave no byte of a destroyed key in the file after the next start', async () => {
    const ids = Array.from({ length: 2_000 }, (_, index) => subjectKeyId('a', String(index)));
    await (await openKeys()).ensure(ids);
    await closeAll();
    const file = join(directory, 'record-keys.mdb');
    const before = readFileSync(file);
    const at = before.indexOf('subject/a/1234');
    const seed = before.subarray(at + 'subject/a/1234'.length, at + 'subject/a/1234'.length + 40);
    expect(seed.some((byte) => byte !== 0)).toBe(true);
    const keys = await openKeys();
    await keys.destroy('subject/a/1234');
    await closeAll();
    await openKeys();
    await closeAll();
    const after = readFileSync(file);
    expect(after.includes(seed)).toBe(false);
    const again = await openKeys();
    expect(ids.filter((id) => typeof again.get(id) === 'string')).toEqual(['subject/a/1234']);
  });

  it('are seen by a reader in another thread, also those made and destroyed after it opened', async () => {
    const keys = await openKeys();
    await keys.ensure([MAY, residentKeyId(NAME)]);
    await keys.destroy(MAY);
    expect(await inWorker([MAY, residentKeyId(NAME), 'record/core/2020-06'])).toEqual(['destroyed', 'key', 'missing']);
  });

  it('can be read only by a reader, which drops from memory what it is told to forget', async () => {
    const keys = await openKeys();
    await keys.ensure([MAY]);
    const reader = await openKeys({ readOnly: true });
    expect(typeof reader.get(MAY)).toBe('object');
    await keys.ensure([residentKeyId(NAME)]);
    expect(typeof reader.get(residentKeyId(NAME))).toBe('object');
    await keys.destroy(MAY);
    reader.forget(MAY);
    expect(reader.get(MAY)).toBe('destroyed');
    await expect(reader.ensure([MAY])).rejects.toMatchObject({ code: 'RECORD_KEYS_READ_ONLY' });
    await expect(reader.destroy(MAY)).rejects.toMatchObject({ code: 'RECORD_KEYS_READ_ONLY' });
  });

  it('are absent for a reader before anyone made them', async () => {
    await expect(RecordKeys.open(directory, { readOnly: true })).rejects.toMatchObject({ code: 'RECORD_KEYS_ABSENT' });
  });

  it('are refused with another master key, or none', async () => {
    await (await openKeys()).ensure([MAY]);
    await closeAll();
    const master = join(directory, 'record-keys.master');
    expect(statSync(master).mode & 0o777).toBe(0o600);
    writeFileSync(master, Buffer.alloc(32, 1));
    await expect(RecordKeys.open(directory)).rejects.toMatchObject({ code: 'RECORD_KEYS_WRONG_MASTER' });
    writeFileSync(master, Buffer.alloc(31, 1));
    await expect(RecordKeys.open(directory)).rejects.toMatchObject({ code: 'SECRET_FILE_MALFORMED' });
    rmSync(master);
    await expect(RecordKeys.open(directory)).rejects.toMatchObject({ code: 'RECORD_KEYS_WRONG_MASTER' });
  });

  it('are refused when everyone may read the master key', async () => {
    await openKeys();
    await closeAll();
    chmodSync(join(directory, 'record-keys.master'), 0o604);
    await expect(RecordKeys.open(directory)).rejects.toMatchObject({ code: 'SECRET_FILE_EXPOSED' });
  });

  it('have ids of four forms only', async () => {
    expect([MAY, subjectKeyId('a', NAME), holderKeyId('a', NAME), residentKeyId(NAME)].every(isRecordKeyId)).toBe(true);
    expect(['', 'x', 'meta.master', 'record/core', 'resident/a/b', 'record//2020-05'].some(isRecordKeyId)).toBe(false);
    await expect((await openKeys()).ensure(['meta.master2'])).rejects.toMatchObject({ code: 'RECORD_KEY_ID_INVALID' });
  });
});
