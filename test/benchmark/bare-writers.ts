import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { rate } from './benchmark.js';

/** A temporary directory for one piece of work. */
export async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'renkei-bench-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The same bytes, already encoded, as rows of a bare LMDB under a growing key. */
export const inBareLmdb = (batches: readonly Buffer[][]): Promise<number> =>
  inDirectory(async (directory) => {
    const file = open<Buffer, Buffer>({
      path: join(directory, 'bare.mdb'),
      keyEncoding: 'binary',
      encoding: 'binary',
      overlappingSync: false,
      compression: false,
    });
    let position = 0;
    const result = await rate(countOf(batches), async () => {
      let before: Promise<unknown> = Promise.resolve();
      for (const batch of batches) {
        const writing = file.batch(() => {
          for (const bytes of batch) {
            const key = Buffer.allocUnsafe(6);
            key.writeUIntBE((position += 1), 0, 6);
            void file.put(key, bytes);
          }
        });
        await before;
        before = writing;
      }
      await before;
    });
    await file.close();
    return result;
  });

/** The same bytes, already encoded, appended to a file, each batch made durable by fdatasync. */
export const inBareFile = (batches: readonly Buffer[][]): Promise<number> =>
  inDirectory(async (directory) => {
    const descriptor = openSync(join(directory, 'bare.log'), 'a');
    const result = await rate(countOf(batches), async () => {
      for (const batch of batches) {
        writeSync(descriptor, Buffer.concat(batch));
        fdatasyncSync(descriptor);
      }
    });
    closeSync(descriptor);
    return result;
  });

const countOf = (batches: readonly unknown[][]): number => batches.reduce((sum, batch) => sum + batch.length, 0);
