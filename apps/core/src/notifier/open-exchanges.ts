import type { EventStore } from '#libs/event-store';
import { isDomainError } from '#libs/platform';
import type { ExchangeStatus, ReadModels } from '#libs/read-models';
import { OpenExchanges, type OpenExchangeRow, type Phase } from './open-exchange.js';

/** A refill may wait for a view that is far behind: after a crash, or under load. */
const CAUGHT_UP_TIMEOUT_MS = 30_000;

const phaseOf = (status: ExchangeStatus): Phase => (status === 'permitted' ? 'awaited' : status === 'held' ? 'held' : 'answered');

/** From the core's read model of exchanges. */
export class ReadModelOpenExchanges extends OpenExchanges {
  constructor(
    private readonly models: ReadModels,
    private readonly store: EventStore,
  ) {
    super();
  }

  override async page(after: string | undefined, limit: number): Promise<readonly OpenExchangeRow[]> {
    const rows = await this.models.ask('openExchanges', { after, limit });
    return rows.flatMap(({ exchangeId, provider, validUntil, status }) =>
      validUntil === undefined ? [] : [{ exchangeId, provider, validUntil, phase: phaseOf(status) }],
    );
  }

  override async caughtUp(): Promise<boolean> {
    try {
      await this.models.ask('openExchanges', { limit: 1 }, { atLeast: await this.store.lastPosition(), timeoutMs: CAUGHT_UP_TIMEOUT_MS });
      return true;
    } catch (error) {
      if (isDomainError(error) && error.code === 'READ_MODEL_STALE') return false;
      throw error;
    }
  }
}
