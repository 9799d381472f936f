import type { Readable } from 'node:stream';
import type { ResolvedEvent } from '@eventstore/db-client';
import { NoAnswer } from './driver-errors.js';
import type { Recorded } from './stored-event.js';

/** A read of the driver's: its `cancel` ends the call at the server. */
export interface DriverRead extends Readable {
  cancel(): Promise<void>;
}

export interface Collected {
  readonly events: readonly Recorded[];
  /** False where it was broken off because it had become too large. */
  readonly whole: boolean;
}

const sizeOf = ({ data }: Recorded): number => (data instanceof Uint8Array ? data.length : 0);

/** All of a read, up to so many bytes. A read that brings nothing for `idleMs` is ended and rejects with NoAnswer: the driver gives reads no deadline. */
export function collect(read: DriverRead, { idleMs, bytesMax }: { readonly idleMs: number; readonly bytesMax: number }): Promise<Collected> {
  const events: Recorded[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      read.removeAllListeners('data');
      settle();
    };
    const breakOff = (settle: () => void): void => {
      finish(settle);
      read.cancel().catch(() => undefined);
    };
    const timer = setTimeout(() => breakOff(() => reject(new NoAnswer('a read', idleMs))), idleMs);
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
