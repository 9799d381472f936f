import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openParty, type Party } from '#libs/commands';
import { type LogEvent, logEventTypes } from '#libs/domain';
import { type Decider, type EventOf, EventRegistry, eventType, integer } from '#libs/kernel';
import type { Ledger } from '#libs/ledger';

const Counted = eventType('Counted', { by: integer });
interface Count {
  readonly type: 'Count';
  readonly data: { readonly by: number };
}
const counter: Decider<null, Count, EventOf<typeof Counted>> = {
  initialState: null,
  decide: ({ data }) => [{ type: 'Counted', data }],
  evolve: () => null,
};
const BATCH = 500;

/** A party with a real store and ledger in a directory of its own, for the specs of this library. */
export class TestParty {
  readonly directory = mkdtempSync(join(tmpdir(), 'renkei-log-'));
  #party: Party | undefined;
  #streams = 0;

  static async open(entries: number): Promise<TestParty> {
    const made = new TestParty();
    await made.reopen();
    await made.grow(entries - 1); // the first opens the epoch
    return made;
  }

  async reopen(): Promise<void> {
    this.#party = await openParty({
      dataDirectory: join(this.directory, 'data'),
      keysDirectory: join(this.directory, 'keys'),
      events: new EventRegistry([Counted, ...logEventTypes]),
      log: { deployment: 'test.example', party: 'is-east' },
    });
  }

  get party(): Party & { readonly ledger: Ledger } {
    if (this.#party?.ledger === undefined) throw new Error('the party is not open');
    return { ...this.#party, ledger: this.#party.ledger };
  }
  get ledger(): Ledger {
    return this.party.ledger;
  }

  /** Records so many entries more, and waits until they are in the tree. */
  async grow(entries: number): Promise<void> {
    const { recorder, store } = this.party;
    for (let left = entries; left > 0; left -= BATCH) {
      const executions = Array.from({ length: Math.min(left, BATCH) }, () => ({
        stream: `count-${(this.#streams += 1)}`,
        command: { type: 'Count', data: { by: this.#streams } } as const,
        context: { at: '2020-05-08T00:00:00.000Z', actor: 'system', correlationId: 'c', causationId: 'd', keyId: 'k' },
        isNew: true,
      }));
      await recorder.execute(counter, executions);
    }
    await this.ledger.integrated(await store.lastPosition());
  }

  /** Bytes of every entry, in store order. */
  async entries(): Promise<readonly Uint8Array[]> {
    const { events } = await this.party.store.readAll({ after: 0n, limit: 10_000 });
    return events.map(({ bytes }) => bytes);
  }
  /** Readings on record. */
  async readings(): Promise<readonly object[]> {
    const events = (await this.entries()).map((bytes) => JSON.parse(Buffer.from(bytes).toString('utf8')) as LogEvent);
    return events.flatMap((event) => (event.type === 'EntriesRead' ? [event.data] : []));
  }

  async close(): Promise<void> {
    await this.#party?.close();
    rmSync(this.directory, { recursive: true });
  }
}
