export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** How long to wait before attempt `attempt` + 1: doubled each time up to `maxMs`, the last fifth of it by chance. */
export function waitMs({ firstMs, maxMs }: Backoff, attempt: number, random: () => number): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(Math.max(attempt - 1, 0), 30));
  return full * (0.8 + 0.2 * random());
}
