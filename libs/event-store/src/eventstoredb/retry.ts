import { setTimeout as sleep } from 'node:timers/promises';
import { type Failure, failureOf, NoAnswer, unavailable } from './driver-errors.js';
import { RETRY_MS_MAX, RETRY_MS_MIN } from './limits.js';

/** Settles as the promise does, or rejects with NoAnswer when that takes longer. What comes later is dropped. */
export function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new NoAnswer(what, ms)), ms);
    const settled = <V>(settle: (value: V) => void) => {
      return (value: V): void => {
        clearTimeout(timer);
        settle(value);
      };
    };
    promise.then(settled(resolve), settled(reject));
  });
}

export interface Attempts {
  /** For all attempts together; the last one may go past it. */
  readonly budgetMs: number;
  readonly onAnswer: () => void;
  readonly onFailure: (failure: Failure & { readonly kind: 'passing' }) => void;
}

/**
 * Tries until it succeeds, fails for good, or the time is over. Rejects with what failed for good, as `translate` has it,
 * or with StoreUnavailable.
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  { budgetMs, onAnswer, onFailure }: Attempts,
  translate: (failure: Failure) => Error | undefined,
): Promise<T> {
  const deadlineMs = performance.now() + budgetMs;
  for (let pauseMs = RETRY_MS_MIN; ; pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
    try {
      const result = await attempt();
      onAnswer();
      return result;
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind !== 'passing') {
        onAnswer();
        throw translate(failure) ?? (failure.kind === 'final' ? failure.error : unavailable('an answer that was not expected', error));
      }
      onFailure(failure);
      if (performance.now() + pauseMs > deadlineMs) throw unavailable(failure.what, error);
    }
    await sleep(pauseMs * (0.75 + Math.random() / 2));
  }
}
