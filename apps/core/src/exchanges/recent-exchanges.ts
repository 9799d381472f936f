import { Injectable } from '@nestjs/common';
import type { Stored } from '#libs/commands';
import { BoundedCache } from '#libs/cryptography';
import type { ExchangeEvent } from '#libs/domain';

/** Some 4 KB each; under load an exchange goes from permit to receipt within a second. */
const EXCHANGES_KEPT_MAX = 16_384;

/**
 * The streams of exchanges that were recorded a moment ago, so that what follows is decided without reading them again.
 * They are only ever a starting point: an append on what has moved on since is refused, and decided anew from the store.
 */
@Injectable()
export class RecentExchanges {
  readonly #histories = new BoundedCache<readonly Stored<ExchangeEvent>[]>(EXCHANGES_KEPT_MAX);

  /** As the `known` of an execution, where it is at hand. */
  known(exchangeId: string): { readonly known?: readonly Stored<ExchangeEvent>[] } {
    const known = this.#histories.get(exchangeId);
    return known === undefined ? {} : { known };
  }

  keep(exchangeId: string, history: readonly Stored<ExchangeEvent>[]): void {
    this.#histories.set(exchangeId, history);
  }

  /** Nothing is to be expected of it any more. */
  forget(exchangeId: string): void {
    this.#histories.delete(exchangeId);
  }
}
