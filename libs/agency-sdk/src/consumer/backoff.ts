import { setTimeout as sleep } from 'node:timers/promises';

export interface BackoffOptions {
  /** First pause, milliseconds (200). */
  readonly firstMs?: number;
  /** Longest pause, milliseconds (30,000). */
  readonly maxMs?: number;
}
const FIRST_MS = 200;
const MAX_MS = 30_000;

/** Pause before try number `attempt + 1`: doubled each time up to the longest, and by chance up to half shorter. */
export function backoffMs(attempt: number, { firstMs = FIRST_MS, maxMs = MAX_MS }: BackoffOptions = {}): number {
  return Math.round(Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30)) * (0.5 + Math.random() / 2));
}

/** Waits; returns early where the signal fires. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
