import type { EventStore, Position } from '#libs/event-store';
import { DomainError } from '#libs/kernel';
import type { Nation } from '../../nation/nation.js';

/** As long as nothing at all is recorded, what is under way counts as stuck after this time. */
const STUCK_MS = 120_000;
const LOOK_EVERY_MS = 1_000;

/** Counts events at all parties as they become durable, and waits for as many as there must be. */
export class Ends {
  readonly #counts = new Map<string, number>();
  readonly #subscriptions: { stop(): Promise<void> }[] = [];
  #changed: () => void = () => undefined;
  #seen = 0;

  private constructor() {
    // made by `follow`
  }

  /** From what each store holds now. */
  static async follow(nation: Nation): Promise<Ends> {
    const ends = new Ends();
    const stores: readonly EventStore[] = [nation.core.party.store, ...[...nation.intermediateServers.values()].map(({ party }) => party.store)];
    for (const store of stores) ends.#follow(store, await store.lastPosition());
    return ends;
  }

  #follow(store: EventStore, after: Position): void {
    this.#subscriptions.push(
      store.subscribe({
        after,
        onPage: ({ events }) => {
          for (const { type } of events) this.#counts.set(type, (this.#counts.get(type) ?? 0) + 1);
          this.#seen += events.length;
          this.#changed();
        },
      }),
    );
  }

  /** Resolves when of each type at least so many were recorded. Rejects with SIMULATION_STUCK where nothing comes any more. */
  async reached(wanted: Readonly<Record<string, number>>): Promise<void> {
    const missing = (): boolean => Object.entries(wanted).some(([type, count]) => (this.#counts.get(type) ?? 0) < count);
    let seen = -1;
    let idleMs = 0;
    while (missing()) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
        timer = setTimeout(resolve, LOOK_EVERY_MS);
      });
      clearTimeout(timer);
      idleMs = this.#seen === seen ? idleMs + LOOK_EVERY_MS : 0;
      seen = this.#seen;
      if (idleMs >= STUCK_MS) throw new DomainError('SIMULATION_STUCK', 'internal', 'exchanges do not come to their end');
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#subscriptions.map((subscription) => subscription.stop()));
  }
}
