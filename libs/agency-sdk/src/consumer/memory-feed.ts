import type { FeedEvent } from '#libs/feed-schemas';
import { DomainError } from '#libs/kernel';
import { type Decoded, type Delivery, FeedSource, type SourceEvents, type StartAt, type WireMessage } from './feed-source.js';

/** What lies in a memory feed: an event, one of a type that is not known, or what can't be read, by its code. */
export type MemoryEntry = FeedEvent | Extract<Decoded<FeedEvent>, { readonly kind: 'unknown' }> | { readonly kind: 'broken'; readonly code: string };

/** A feed in this process, for an agency's own tests of its handlers. Groups keep their place in it. */
export class MemoryFeed {
  readonly #entries: MemoryEntry[] = [];
  readonly #places = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  publish(...entries: readonly MemoryEntry[]): void {
    this.#entries.push(...entries);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
  /** `startAt` counts for a group that has no place yet; a place is the number of entries before it. */
  source(group = 'default', startAt: StartAt = 'beginning'): FeedSource<FeedEvent> {
    if (!this.#places.has(group)) this.#places.set(group, this.#placeOf(startAt));
    return new MemorySource(group, this.#entries, this.#places, () => new Promise((resolve) => this.#waiting.add(resolve)));
  }

  #placeOf(startAt: StartAt): number {
    if (startAt === 'beginning') return 0;
    if (startAt === 'end') return this.#entries.length;
    if ('place' in startAt) return Number(startAt.place);
    const from = new Date(startAt.time).getTime();
    const first = this.#entries.findIndex((entry) => !('kind' in entry) && Date.parse(entry.time) >= from);
    return first < 0 ? this.#entries.length : first;
  }
}

class MemorySource extends FeedSource<FeedEvent> {
  readonly name = 'memory';
  constructor(
    private readonly group: string,
    private readonly entries: readonly MemoryEntry[],
    private readonly places: Map<string, number>,
    private readonly changed: () => Promise<void>,
  ) {
    super();
  }

  async run(events: SourceEvents<FeedEvent>, signal: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.resolve(); // nothing is told before the caller has what `run` returned
    if (!signal.aborted) events.reading();
    while (!signal.aborted) {
      const place = this.places.get(this.group) ?? 0;
      const entry = this.entries[place];
      if (entry === undefined) await Promise.race([this.changed(), stopped]);
      else if ((await events.deliver(this.#delivery(entry, place, signal))) === 'done') this.places.set(this.group, place + 1);
    }
  }

  #delivery(entry: MemoryEntry, place: number, signal: AbortSignal): Delivery<FeedEvent> {
    return {
      place: String(place),
      decode: () => {
        if (!('kind' in entry)) return { kind: 'event', event: entry };
        if (entry.kind === 'unknown') return entry;
        throw new DomainError(entry.code, 'invalid', 'it was put there broken');
      },
      message: (): WireMessage => ({ value: Buffer.from(JSON.stringify(entry), 'utf8') }),
      givenBack: signal,
      hold: () => () => undefined,
      behind: this.entries.length - place - 1,
    };
  }
}
