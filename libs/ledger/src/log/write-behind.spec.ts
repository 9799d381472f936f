import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Put } from './ledger-file.js';
import { WriteBehind } from './write-behind.js';

const tile = (index: number, byte: number): { level: number; index: number; bytes: Buffer } => ({ level: 0, index, bytes: Buffer.alloc(32, byte) });

/** Writes that are held until they are let go, or fail. */
function held(): { writer: WriteBehind; writes: (readonly Put[])[]; finish: (error?: Error) => Promise<void>; told: string[] } {
  const writes: (readonly Put[])[] = [];
  const told: string[] = [];
  const pending: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const write = (puts: readonly Put[]): Promise<void> =>
    new Promise((resolve, reject) => {
      writes.push(puts);
      pending.push({ resolve, reject });
    });
  const writer = new WriteBehind({
    write,
    rest: () => ({ puts: [], written: () => told.push('written') }),
    onFailure: () => told.push('failed'),
    onSuccess: () => told.push('succeeded'),
  });
  const finish = async (error?: Error): Promise<void> => {
    while (pending.length === 0) await sleep(5);
    const next = pending.shift();
    if (error) next?.reject(error);
    else next?.resolve();
    await sleep(0);
  };
  return { writer, writes, finish, told };
}

describe('what is written behind', () => {
  it('can be read until it is on disk, goes out in one transaction at a time, and the newest of a tile only', async () => {
    const { writer, writes, finish } = held();
    writer.add([tile(0, 1)], 1);
    writer.add([tile(0, 2), tile(1, 3)], 1);
    const durable = writer.durable();
    while (writes.length === 0) await sleep(5);
    writer.add([tile(1, 4)], 1);
    const later = writer.durable();
    expect([writer.tile(0, 0)?.[0], writer.tile(0, 1)?.[0], writer.tile(0, 2)]).toEqual([2, 4, undefined]);
    await sleep(250);
    expect(writes.map((puts) => puts.length)).toEqual([2]);
    await finish();
    await durable;
    expect([writer.tile(0, 0), writer.tile(0, 1)?.[0]]).toEqual([undefined, 4]);
    await finish();
    await later;
    expect([writes.length, writer.tile(0, 1)]).toEqual([2, undefined]);
  });

  it('is written again where it failed, newer tiles first', async () => {
    const { writer, writes, finish, told } = held();
    writer.add([tile(0, 1), tile(1, 1)], 2);
    const durable = expect(writer.durable()).rejects.toThrow('no disk');
    while (writes.length === 0) await sleep(5);
    writer.add([tile(1, 2)], 1);
    await finish(new Error('no disk'));
    await durable;
    expect([writer.tile(0, 0)?.[0], writer.tile(0, 1)?.[0]]).toEqual([1, 2]);
    await finish();
    expect(writes[1]?.map(({ value }) => value[0]).sort()).toEqual([1, 2]);
    expect([told, writer.tile(0, 0)]).toEqual([['failed', 'written', 'succeeded'], undefined]);
  });

  it('has a bound, beyond which nothing is taken until some of it is on disk', async () => {
    const { writer, finish } = held();
    writer.add([tile(0, 1)], 65_535);
    await writer.room();
    writer.add([tile(0, 2)], 1);
    let letIn = false;
    const room = writer.room().then(() => (letIn = true));
    await finish(new Error('no disk'));
    expect(letIn).toBe(false);
    await finish();
    await room;
    expect(letIn).toBe(true);
  });

  it('is tried once more when it closes, and left then', async () => {
    const { writer, writes, finish, told } = held();
    writer.add([tile(0, 1)], 1);
    const closed = writer.close();
    await finish(new Error('no disk'));
    await closed;
    expect([writes.length, told]).toEqual([1, ['failed']]);
  });
});
