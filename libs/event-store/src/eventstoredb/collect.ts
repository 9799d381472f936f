import type { Readable } from 'node:stream';
import type { ResolvedEvent } from '@eventstore/db-client';
import { NoAnswer } from './driver-errors.js';
import { type Recorded, sizeOf } from './stored-event.js';

/** A read of the driver's: its `cancel` ends the call at the server. */
export interface DriverRead extends Readable {
  cancel(): Promise<void>;
}

export interface Collected {
  readonly events: readonly Recorded[];
  /** False where it was broken off because it had become too large. */
  readonly whole: boolean;
}

export interface CollectOptions {
  /** A read that brings nothing for so long is ended: the driver gives reads no deadline. */
  readonly idleMs: number;
  /** It is broken off once it has brought so much. */
  readonly bytesMax: number;
  /** Ends it, too. */
  readonly signal: AbortSignal;
}

/** All of a read. Rejects with what failed, or NoAnswer. */
export function collect(read: DriverRead, { idleMs, bytesMax, signal }: CollectOptions): Promise<Collected> {
  const events: Recorded[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', silence);
      read.removeAllListeners('data');
      settle();
    };
    const breakOff = (settle: () => void): void => {
      finish(settle);
      read.cancel().catch(() => undefined);
    };
    const silence = (): void => breakOff(() => reject(new NoAnswer('a read', idleMs)));
    const timer = setTimeout(silence, idleMs);
    signal.addEventListener('abort', silence);
    read.on('error', (error) => finish(() => reject(error))); // stays: an error after the end is nobody's
    read.on('end', () => finish(() => resolve({ events, whole: true })));
    read.on('data', ({ event }: ResolvedEvent) => {
      if (event === undefined) return; // a link to what is gone
      timer.refresh();
      events.push(event);
      bytes += sizeOf(event);
      if (bytes >= bytesMax) breakOff(() => resolve({ events, whole: false }));
    });
  });
}
