import type { DeadLetterReason } from './dead-letters.js';
import type { Trouble } from './feed-source.js';

/**
 * handled: its handler ran and its transaction is durable · duplicate: it had been handled before · ignored: of a known type
 * that has no handler here · unknown: of a type that this release does not know · dead: put among the dead letters.
 */
export const EVENT_OUTCOMES = ['handled', 'duplicate', 'ignored', 'unknown', 'dead'] as const;
export type EventOutcome = (typeof EVENT_OUTCOMES)[number];

/** What a consumer tells of its work, for metrics and logs; nothing in it names a person. What a hook throws is ignored. */
export interface ConsumerHooks {
  /** Once an event; `type` is left out where it could not be read. */
  ended?(told: {
    readonly outcome: EventOutcome;
    readonly type?: string;
    readonly attempts: number;
    readonly durationMs: number;
    /** When the fact was recorded (business time, RFC 3339): the lag is now minus this. */
    readonly recordedAt?: string;
    /** Messages known to wait behind it. */
    readonly behind?: number;
  }): void;
  /** An attempt failed; the next one follows after `delayMs`. `passing`: of a kind that is tried without end. */
  retrying?(told: { readonly type?: string; readonly code: string; readonly attempt: number; readonly passing: boolean; readonly delayMs: number }): void;
  deadLetter?(told: { readonly reason: DeadLetterReason; readonly code: string; readonly place: string; readonly type?: string }): void;
  /** The source reads (again). */
  reading?(): void;
  trouble?(told: Trouble): void;
  /** Something that an operator may want to know: UNKNOWN_EVENT_TYPE (once a type), CURSOR_REFUSED, REBALANCING, HANDLER_TIMEOUT. */
  notice?(told: { readonly code: string; readonly message: string }): void;
}
