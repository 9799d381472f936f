import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Batcher } from './batcher.js';
import { BoundedQueue } from './bounded-queue.js';
import { Semaphore } from './semaphore.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ok = <T>(value: T): PromiseSettledResult<T> => ({ status: 'fulfilled', value });

describe('a semaphore', () => {
  it('runs as many as it has permits, in order, and refuses beyond its queue', async () => {
    const semaphore = new Semaphore({ name: 'the test', permits: 2, waitingMax: 1 });
    const ends: (() => void)[] = [];
    const order: number[] = [];
    const task = (id: number) => () => {
      order.push(id);
      return new Promise<number>((resolve) => ends.push(() => resolve(id)));
    };
    const tasks = [1, 2, 3].map((id) => semaphore.run(task(id)));
    await expect(semaphore.run(task(4))).rejects.toMatchObject({ code: 'BUSY', kind: 'busy' });
    expect([semaphore.running, semaphore.waiting]).toEqual([2, 1]);
    ends.shift()?.();
    await tasks[0];
    await turn();
    expect(order).toEqual([1, 2, 3]);
    for (const end of ends.splice(0)) end();
    expect(await Promise.all(tasks)).toEqual([1, 2, 3]);
    expect(semaphore.running).toBe(0);
  });

  it('gives the permit back when a task fails', async () => {
    const semaphore = new Semaphore({ name: 'the test', permits: 1, waitingMax: 0 });
    await expect(semaphore.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await semaphore.run(() => Promise.resolve(1))).toBe(1);
  });
});

describe('a bounded queue', () => {
  it('behaves as a list that refuses when it is full', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 9 })), { maxLength: 400 }), (steps) => {
        const queue = new BoundedQueue<number>({ name: 'the test', max: 5 });
        const model: number[] = [];
        for (const step of steps) {
          if (step < 0) expect(queue.takeMany(2)).toEqual(model.splice(0, 2));
          else if (model.length < 5) {
            queue.push(step);
            model.push(step);
          } else expect(() => queue.push(step)).toThrow('is full');
          expect(queue.size).toBe(model.length);
        }
      }),
    );
  });

  it('wakes whoever waits, and ends them when it is closed', async () => {
    const queue = new BoundedQueue<string>({ name: 'the test', max: 1 });
    const taken = queue.take();
    queue.push('a');
    expect(await taken).toBe('a');
    const last = queue.take();
    queue.close();
    expect(await last).toBeUndefined();
    expect(() => queue.push('b')).toThrow('closed');
  });
});

describe('a batcher', () => {
  it('collects what arrives while a batch is running', async () => {
    const batches: number[][] = [];
    const ends: (() => void)[] = [];
    const batcher = new Batcher<number, number>({
      name: 'the test',
      itemsMax: 3,
      waitingMax: 10,
      run: async (items) => {
        batches.push([...items]);
        await new Promise<void>((resolve) => ends.push(resolve));
        return items.map((item) => ok(item * 10));
      },
    });
    const first = batcher.add(1);
    await turn();
    const rest = [2, 3, 4, 5].map((item) => batcher.add(item));
    await turn();
    expect(batches).toEqual([[1]]);
    ends.shift()?.();
    expect(await first).toBe(10);
    await turn();
    await turn();
    ends.shift()?.();
    await Promise.all(rest.slice(0, 3));
    await turn();
    await turn();
    ends.shift()?.();
    expect(await Promise.all(rest)).toEqual([20, 30, 40, 50]);
    expect(batches).toEqual([[1], [2, 3, 4], [5]]);
    await batcher.drained();
  });

  it('keeps a batch within its weight, gives each item its own outcome, and refuses beyond its queue', async () => {
    const batches: string[][] = [];
    const batcher = new Batcher<string, string>({
      name: 'the test',
      itemsMax: 10,
      waitingMax: 4,
      weight: { of: (item) => item.length, max: 4 },
      run: (items) => {
        batches.push([...items]);
        return Promise.resolve(items.map((item) => (item === 'bad' ? { status: 'rejected', reason: new Error('bad') } : ok(item))));
      },
    });
    const added = ['aaaaaa', 'bb', 'bad', 'c'].map((item) => batcher.add(item));
    await expect(batcher.add('x')).rejects.toMatchObject({ code: 'BUSY' });
    const outcomes = await Promise.allSettled(added);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(batches).toEqual([['aaaaaa'], ['bb'], ['bad', 'c']]);
  });

  it('rejects every item of a batch that fails', async () => {
    const batcher = new Batcher<number, number>({ name: 'the test', itemsMax: 10, waitingMax: 10, run: () => Promise.reject(new Error('disk')) });
    expect((await Promise.allSettled([batcher.add(1), batcher.add(2)])).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await batcher.drained();
  });
});
