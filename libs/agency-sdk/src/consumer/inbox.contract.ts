import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Inbox } from './inbox.js';

/** An inbox and a table of texts beside it, in one database of their own. */
export interface InboxBench<Tx> {
  readonly inbox: Inbox<Tx>;
  /** Another consumer's, in the same database. */
  readonly other: Inbox<Tx>;
  write(tx: Tx, text: string): Promise<void>;
  texts(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const EVENT = { source: '/renkei.example/is-east', id: '01900000-0000-7000-8000-000000000001' };

/** What every Inbox keeps. */
export function inboxContract<Tx>(name: string, open: () => Promise<InboxBench<Tx>>): void {
  describe(`Inbox: ${name}`, () => {
    let bench: InboxBench<Tx>;
    beforeEach(async () => {
      bench = await open();
    });
    afterEach(() => bench.close());
    const note = (text: string) => (tx: Tx) => bench.write(tx, text);

    it('runs the work of an event once, and calls it a duplicate after that', async () => {
      expect(await bench.inbox.once(EVENT, note('first'))).toBe('handled');
      expect(await bench.inbox.once(EVENT, note('second'))).toBe('duplicate');
      expect(await bench.texts()).toEqual(['first']);
    });

    it('keeps nothing of work that fails, tells its error, and lets it be done again', async () => {
      const failure = new Error('the handler failed');
      const failing = bench.inbox.once(EVENT, async (tx) => {
        await bench.write(tx, 'half');
        throw failure;
      });
      await expect(failing).rejects.toBe(failure);
      expect(await bench.texts()).toEqual([]);
      expect(await bench.inbox.once(EVENT, note('whole'))).toBe('handled');
      expect(await bench.texts()).toEqual(['whole']);
    });

    it('commits the work of one of several calls at the same time', async () => {
      const calls = Array.from({ length: 4 }, (_, call) =>
        bench.inbox.once(EVENT, async (tx) => {
          await sleep(10);
          await bench.write(tx, `call ${call}`);
        }),
      );
      const outcomes = await Promise.allSettled(calls);
      const handled = outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value === 'handled');
      expect(handled).toHaveLength(1);
      expect(await bench.texts()).toHaveLength(1);
    });

    it('tells events apart by source and id together', async () => {
      await bench.inbox.once(EVENT, note('one'));
      expect(await bench.inbox.once({ ...EVENT, source: '/renkei.example/is-west' }, note('two'))).toBe('handled');
      expect(await bench.inbox.once({ ...EVENT, id: '01900000-0000-7000-8000-000000000002' }, note('three'))).toBe('handled');
      expect(await bench.texts()).toEqual(['one', 'two', 'three']);
    });

    it('keeps the notes of consumers apart', async () => {
      await bench.inbox.once(EVENT, note('one'));
      expect(await bench.other.once(EVENT, note('other'))).toBe('handled');
      expect(await bench.inbox.once(EVENT, note('again'))).toBe('duplicate');
      expect(await bench.texts()).toEqual(['one', 'other']);
    });
  });
}
