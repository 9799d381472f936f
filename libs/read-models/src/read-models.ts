import type { Position } from '#libs/event-store';
import type { Answer, Ask, QuestionName } from './questions.js';
import type { RebuildOutcome, RebuildProgress } from './rebuild/rebuild.js';

/** Longest wait for an answer, and what a question waits where it names nothing. */
export const ASK_TIMEOUT_MS_MAX = 30_000;
export const ASK_TIMEOUT_MS = 5_000;
/** Questions of one party that wait for an answer; more are refused as busy. */
export const QUESTIONS_WAITING_MAX = 1_000;

export interface AskOptions {
  /** Answer from a model that has folded the store at least up to here; waits until it has. */
  readonly atLeast?: Position | undefined;
  /** Bounds the waiting and the answer; at most ASK_TIMEOUT_MS_MAX. */
  readonly timeoutMs?: number | undefined;
}

export interface ProjectionLag {
  readonly projection: string;
  readonly version: number;
  /** Up to here the store is folded. */
  readonly checkpoint: Position;
  /** The newest durable position of the store. */
  readonly storePosition: Position;
  /** False until the first time it reached the end of the store: it does not answer before. */
  readonly ready: boolean;
  /** Code of what stopped it, or stands in its way at the moment. */
  readonly trouble?: string;
  /** Set while it is answered from an older version's rows, which stand still there (other code may still fold them). */
  readonly stale?: { readonly version: number; readonly position: Position };
}

/** A projection that is answered from rows of an older version. */
export interface StaleView {
  readonly projection: string;
  readonly version: number;
  readonly position: Position;
}

export interface RebuildRequest {
  /** Names; all of the party where it is left out. */
  readonly projections?: readonly string[] | undefined;
  /** `back`: to the view that answered before, of the same version. */
  readonly to?: 'rebuild' | 'back' | undefined;
  /** Switch though what was built differs from the view of the same version. */
  readonly accept?: boolean | undefined;
  /** Part of the time that it works beside those that answer, 0.05..1; REBUILD_SHARE where it is left out. */
  readonly share?: number | undefined;
}
export const REBUILD_SHARE = 0.5;

/** How a projection's last rebuild of this process goes, or went. */
export interface RebuildState extends RebuildProgress {
  readonly to: 'rebuild' | 'back';
  /** By itself: this code's version had no view, or a build was broken off. */
  readonly automatic: boolean;
  /** Why it failed, or what keeps it from going on at the moment. */
  readonly trouble?: string;
  readonly outcome?: RebuildOutcome;
}

/**
 * What went wrong behind the questions: UNKNOWN_EVENT_TYPE, UNKNOWN_EVENT_VERSION (this projection stands still until
 * other code is started), HISTORY_CHANGED (the store is not the one that was folded: folding anew), RECORD_KEY_MISSING,
 * WORKER_DIED, DATABASE_… (what is between the models and their server, see postgres/trouble.ts), OWNER_SILENT (another process
 * was put out, its projection taken over) and any other failure (tried again). Carries no personal data.
 */
export interface Alarm {
  readonly code: string;
  readonly projection?: string;
  readonly position?: Position;
  readonly eventType?: string;
  readonly message: string;
}

/**
 * The read models of one party: folded from its store beside the main work, a little behind it, each with a checkpoint
 * of its own; nothing in them cannot be folded again.
 *
 * Questions reject with READ_MODELS_BUSY (too many waiting), READ_MODELS_TIMEOUT (not answered, or not caught up, in time),
 * READ_MODEL_NOT_READY (being built), READ_MODELS_DOWN (closed, just starting again, or their database is out of reach), QUESTION_NOT_SERVED (not a
 * question of this kind of party), READ_MODEL_STALE (answered from an older version's rows, which do not say this, or not up
 * to `atLeast`), CURSOR_INVALID and INVALID_INPUT.
 */
export abstract class ReadModels {
  /** Answers a question from what is folded; never from half a transaction. */
  abstract ask<N extends QuestionName>(name: N, question: Ask<N>, options?: AskOptions): Promise<Answer<N>>;

  /** New events are durable: fold them soon. Cheap; may be called after every append, and forgotten. */
  abstract poke(): void;

  /** Resolves when every projection has folded the store up to this position. Rejects with READ_MODELS_TIMEOUT, or at once where one is stopped before it (READ_MODEL_STOPPED). */
  abstract caughtUp(position: Position, timeoutMs?: number): Promise<void>;

  /**
   * Begins to build views anew beside those that answer, and switches to each when it is done; resolves when that has
   * begun. Rejects with PROJECTION_UNKNOWN (tells what there is), REBUILD_RUNNING, INVALID_INPUT; then nothing was begun.
   * Where a version has no view of its own yet, a rebuild begins by itself. A process that ends goes on with it at its next start.
   */
  abstract rebuild(request: RebuildRequest): Promise<readonly RebuildState[]>;

  /** Rebuilds of this process: the last one of each projection. */
  abstract rebuilds(): readonly RebuildState[];

  /** Projections that are answered from an older version's rows at the moment. */
  abstract stale(): readonly StaleView[];

  /** How far each projection is. */
  abstract lag(): Promise<readonly ProjectionLag[]>;

  /** Ends the folding after the page in hand; questions that wait reject with READ_MODELS_DOWN. */
  abstract close(): Promise<void>;
}

/** True of a refusal because what answers is not as far as was asked: an answer that is a little old can still be had, without `atLeast`. */
export const isBehind = ({ code }: { readonly code: string }): boolean => code === 'READ_MODELS_TIMEOUT' || code === 'READ_MODEL_STALE';

/** For a readiness check: false while a database stands between the models and whoever asks. */
export const areReachable = async (models: ReadModels): Promise<boolean> =>
  (await models.lag()).every(({ trouble }) => trouble === undefined || !trouble.startsWith('DATABASE_'));
