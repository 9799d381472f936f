import { TokenRefused } from './token-errors.js';

const BUCKET_MS = 10_000;

/**
 * Remembers the token ids that were used, until they have expired. In buckets by expiry, so that forgetting costs nothing
 * per token; bounded: when it is full, tokens are refused (fail closed), never forgotten early.
 */
export class ReplayCache {
  readonly #buckets = new Map<number, Set<string>>();
  #size = 0;

  constructor(private readonly tokensMax = 500_000) {}

  get size(): number {
    return this.#size;
  }

  /** Throws TOKEN_REPLAYED for an id seen before, TOKEN_CACHE_FULL when no more can be remembered. */
  use(id: string, expiresAtMs: number, nowMs: number): void {
    this.#forget(nowMs);
    const bucket = Math.floor(expiresAtMs / BUCKET_MS);
    // a token that was signed has one expiry only: its id can be in no other bucket
    const seen = this.#buckets.get(bucket) ?? new Set<string>();
    if (seen.has(id)) throw new TokenRefused('TOKEN_REPLAYED');
    if (this.#size >= this.tokensMax) throw new TokenRefused('TOKEN_CACHE_FULL');
    seen.add(id);
    this.#size += 1;
    this.#buckets.set(bucket, seen);
  }

  #forget(nowMs: number): void {
    if (this.#buckets.size === 0) return;
    const current = Math.floor(nowMs / BUCKET_MS);
    for (const [bucket, ids] of this.#buckets) {
      if (bucket >= current) continue;
      this.#size -= ids.size;
      this.#buckets.delete(bucket);
    }
  }
}
