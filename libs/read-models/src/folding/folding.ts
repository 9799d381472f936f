import { type EventStore, START, type StoredEvent } from '#libs/event-store';
import type { Message } from '#libs/kernel';
import { ProjectionDecoder, type Stop } from '../decode.js';
import { EpochUnknown } from '../person-keys.js';
import type { Projection, Recorded, Secrets } from '../projection.js';
import type { Model } from './model.js';

/** Where a view stands, and by which event. */
export type Standpoint = Pick<Model, 'checkpoint' | 'checkpointEventId'>;

/** Is the store still the one that was folded? */
export async function isOfStore({ checkpoint, checkpointEventId }: Standpoint, store: EventStore): Promise<boolean> {
  if (checkpoint === START) return true;
  const { events } = await store.readAll({ after: checkpoint - 1n, limit: 1 });
  return events[0]?.position === checkpoint && events[0].id === checkpointEventId;
}

/** Folds pages of a store into a projection's views: decodes what it reads, opens what it needs. */
export class Folding {
  readonly #projection: Projection;
  readonly #secrets: Secrets;
  readonly #decoder: ProjectionDecoder<Message>;

  constructor(projection: Projection, secrets: Secrets) {
    this.#projection = projection;
    this.#secrets = secrets;
    this.#decoder = new ProjectionDecoder(projection);
  }

  /** Events that follow the model's checkpoint; resolves to what it stopped before, if there is such a one. */
  async fold(model: { apply: Model['apply'] }, stored: readonly StoredEvent[]): Promise<Stop | undefined> {
    const { events, last, stop } = this.#decoder.decode(stored);
    if (!last) return stop;
    await model.apply(events, await this.#derive(events), last.position, last.id);
    for (const event of events)
      if (event.type === 'RecordKeyDestroyed' || event.type === 'SubjectKeyDestroyed') this.#secrets.forgetKey((event.data as { key: string }).key);
    return stop;
  }

  async #derive(events: readonly Recorded<Message>[]): Promise<ReadonlyMap<string, string>> {
    const { derive } = this.#projection;
    if (!derive) return new Map();
    for (;;) {
      try {
        return derive(events, this.#secrets);
      } catch (error) {
        if (!(error instanceof EpochUnknown) || !this.#secrets.persons) throw error;
        await this.#secrets.persons.refresh(); // once an epoch: the loop ends
      }
    }
  }
}
