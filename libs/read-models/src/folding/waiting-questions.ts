import { DomainError } from '#libs/kernel';
import type { Position } from '#libs/event-store';
import { viewStale } from '../rebuild/view.js';

/** What a question waits for: a projection that answers (again), and has folded far enough. */
export interface Standing {
  readonly ready: boolean;
  readonly checkpoint: Position;
  /** Code of what stopped it for good. */
  readonly stopped: string | undefined;
  /** It answers from an older version's rows, which stand still. */
  readonly stale: boolean;
}

interface Waiting {
  readonly standing: () => Standing;
  readonly atLeast: Position;
  readonly timer: NodeJS.Timeout;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

const refusal = (code: string, kind: 'unavailable' | 'busy', message: string): DomainError => new DomainError(code, kind, message);
export const readModelsDown = (): DomainError => refusal('READ_MODELS_DOWN', 'unavailable', 'the read models are not running: try again later');
export const readModelsBusy = (): DomainError => refusal('READ_MODELS_BUSY', 'busy', 'too many questions are waiting: ask again later');
export const readModelsTimeout = (): DomainError => refusal('READ_MODELS_TIMEOUT', 'unavailable', 'the read models did not get there in time: try again later');
const notReady = (): DomainError => refusal('READ_MODEL_NOT_READY', 'unavailable', 'the read model is being built: try again later');
const stoppedBefore = (): DomainError => refusal('READ_MODEL_STOPPED', 'unavailable', 'the read model stands still before the position asked for');

/** Questions that wait until a projection has folded far enough; bounded in number and time. */
export class WaitingQuestions {
  readonly #waiting = new Set<Waiting>();

  constructor(private readonly waitingMax: number) {}

  get any(): boolean {
    return this.#waiting.size > 0;
  }

  /** Resolves when the standing suffices. Rejects with READ_MODELS_BUSY, READ_MODELS_TIMEOUT, READ_MODEL_NOT_READY, READ_MODEL_STOPPED, READ_MODEL_STALE. */
  wait(standing: () => Standing, atLeast: Position, deadlineMs: number): Promise<void> {
    const now = standing();
    if (suffices(now, atLeast)) return Promise.resolve();
    if (now.stopped !== undefined) return Promise.reject(stoppedBefore());
    if (now.ready && now.stale) return Promise.reject(viewStale());
    if (this.#waiting.size >= this.waitingMax) return Promise.reject(readModelsBusy());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#end(waiting, standing().ready ? readModelsTimeout() : notReady()), Math.max(0, deadlineMs - performance.now()));
      const waiting: Waiting = { standing, atLeast, timer, resolve, reject };
      this.#waiting.add(waiting);
    });
  }

  /** Something was folded, or stopped. */
  recheck(): void {
    for (const waiting of this.#waiting) {
      const now = waiting.standing();
      if (suffices(now, waiting.atLeast)) this.#end(waiting);
      else if (now.stopped !== undefined) this.#end(waiting, stoppedBefore());
    }
  }

  rejectAll(): void {
    for (const waiting of this.#waiting) this.#end(waiting, readModelsDown());
  }

  #end(waiting: Waiting, refused?: Error): void {
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting);
    if (refused) waiting.reject(refused);
    else waiting.resolve();
  }
}

const suffices = ({ ready, checkpoint }: Standing, atLeast: Position): boolean => ready && checkpoint >= atLeast;
