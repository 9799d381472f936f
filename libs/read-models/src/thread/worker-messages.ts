import type { Position, StoreLocation } from '#libs/event-store';
import { DomainError, type ErrorKind } from '#libs/kernel';
import type { ModelsLocation } from '../models-location.js';
import type { PartyKind } from '../models-of-party.js';
import type { QuestionName } from '../questions.js';
import type { Alarm, StaleView } from '../read-models.js';
import type { RebuildOutcome, RebuildProgress } from '../rebuild/rebuild.js';

/** Where a party's worker finds everything; plain data, for it crosses threads. */
export interface WorkerPlaces {
  readonly kind: PartyKind;
  /** Where the party's event store is. */
  readonly store: StoreLocation;
  /** Directory of the party's keys. */
  readonly keyDirectory: string;
  /** Where its read models are. */
  readonly models: ModelsLocation;
}

/** What may be asked of the worker; `timeoutMs` counts from its arrival. */
export type Call =
  | { readonly call: 'ask'; readonly name: QuestionName; readonly question: unknown; readonly atLeast?: Position | undefined; readonly timeoutMs: number }
  | { readonly call: 'caughtUp'; readonly position: Position; readonly timeoutMs: number }
  | { readonly call: 'lag' };
export type ToWorker = { readonly to: 'call'; readonly id: number; readonly call: Call } | { readonly to: 'poke' } | { readonly to: 'close' };

export interface Refusal {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly at: { readonly field?: string; readonly rule?: string };
}
export type FromWorker =
  | { readonly from: 'ready' }
  | { readonly from: 'views'; readonly stale: readonly StaleView[]; readonly pending: readonly string[] }
  | { readonly from: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly from: 'refusal'; readonly id: number; readonly refusal: Refusal }
  | { readonly from: 'alarm'; readonly alarm: Alarm }
  | { readonly from: 'failed'; readonly refusal: Refusal };

/** What a rebuild's worker is to do; plain data. Any message to it means: stop. */
export interface RebuildJob {
  readonly places: WorkerPlaces;
  readonly projection: string;
  readonly to: 'rebuild' | 'back';
  readonly accept: boolean;
  readonly share: number;
  readonly ifPending: boolean;
  /** Others in this process answer meanwhile: they come first. */
  readonly beside: boolean;
}
export type FromRebuildWorker =
  | { readonly from: 'progress'; readonly progress: RebuildProgress }
  | { readonly from: 'done'; readonly outcome: RebuildOutcome }
  | { readonly from: 'failed'; readonly refusal: Refusal };

/** An error as it crosses threads: what is no DomainError shows nothing of itself but its name. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof DomainError) {
    const { field, rule } = error.at;
    return {
      code: error.code,
      kind: error.kind,
      message: error.message,
      at: { ...(field === undefined ? {} : { field }), ...(rule === undefined ? {} : { rule }) },
    };
  }
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
  const known = typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : String(name);
  return { code: 'READ_MODELS_FAILED', kind: 'internal', message: `the read models could not do it (${known})`, at: {} };
}
export const fromRefusal = ({ code, kind, message, at }: Refusal): DomainError => new DomainError(code, kind, message, at);
