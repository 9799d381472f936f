import { DomainError } from '#libs/kernel';
import type { Ledger, SignedCheckpoint } from '#libs/ledger';
import { encodeHashes } from '#libs/proofs';
import { cosignedAt } from './verified-cosignature.js';
import type { WitnessPort } from './witness-port.js';

/** A witness that does not answer is asked again after longer and longer, up to this. */
const PAUSE_MS_MAX = 60_000;
const ASK_TIMEOUT_MS = 10_000;
/** It says which size it has, is asked from there, and may have moved on meanwhile. */
const ATTEMPTS_MAX = 4;
const UNWITNESSED_MS_MAX = 5 * 60_000;

export interface WitnessLoopOptions {
  readonly ledger: Ledger;
  /** Verifier keys of the log, the oldest first: the newest is told to witnesses, who know those before it. */
  readonly keys: () => readonly string[];
  /** Asked anew each round: servers come and go. */
  readonly witnesses: () => readonly WitnessPort[];
  readonly intervalMs: number;
  /** Told when a witness's trouble begins or becomes another: WITNESS_…, or the code with which it refused. */
  readonly onTrouble: (trouble: { readonly witness: string; readonly code: string }) => void;
  /** How long entries may wait for a witness before operators are warned. */
  readonly unwitnessedMsMax?: number;
  readonly askTimeoutMs?: number;
  readonly nowMs?: () => number;
}

interface WitnessState {
  /** The size of this log that it holds, as far as is known here: where the next proof starts. */
  held: number;
  /** The largest size whose cosignature is kept. */
  cosigned: number;
  asking: boolean;
  pauseMs: number;
  notBeforeMs: number;
  trouble: string | undefined;
}

/** Trouble that time does not heal: somebody must look, whether or not other witnesses cosign. */
const GRAVE: ReadonlySet<string> = new Set(['WITNESS_AHEAD', 'WITNESS_COSIGNATURE_INVALID', 'LEDGER_INCONSISTENT']);

/**
 * Has the newest checkpoint of a log cosigned by its witnesses (C2SP tlog-witness), each on its own: one that is down or
 * slow holds up neither the others nor anything else, and no exchange waits for any.
 */
export class WitnessLoop {
  readonly #states = new Map<string, WitnessState>();
  readonly #asking = new Set<Promise<void>>();
  readonly #nowMs: () => number;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: WitnessLoopOptions) {
    this.#nowMs = options.nowMs ?? Date.now;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.round(), this.options.intervalMs).unref();
  }

  /** Resolves when no witness is being asked any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#asking);
  }

  /** Asks every witness that lacks the newest checkpoint, all for the same one; resolves when those asked now have answered or failed. Never rejects. */
  async round(): Promise<void> {
    const { ledger, witnesses } = this.options;
    const checkpoint = newestOf(ledger);
    if (checkpoint === undefined) return;
    const all = witnesses();
    for (const name of this.#states.keys()) if (!all.some((witness) => witness.name === name)) this.#states.delete(name);
    const now = this.#nowMs();
    const started: Promise<void>[] = [];
    for (const witness of all) {
      const state = this.#stateOf(witness);
      if (state.asking || now < state.notBeforeMs || state.cosigned >= checkpoint.size) continue;
      state.asking = true;
      const asked = this.#ask(witness, state, checkpoint).finally(() => {
        state.asking = false;
        this.#asking.delete(asked);
      });
      this.#asking.add(asked);
      started.push(asked);
    }
    await Promise.all(started);
  }

  /**
   * Codes for the health of the app: LOG_UNWITNESSED where entries have waited too long, trouble with a witness that does not
   * pass by itself, the ledger's own code where it cannot be asked. Never throws.
   */
  warnings(): readonly string[] {
    const { ledger, unwitnessedMsMax = UNWITNESSED_MS_MAX } = this.options;
    let unwitnessedSinceMs: number | undefined;
    try {
      ({ unwitnessedSinceMs } = ledger.witnessed);
    } catch (error) {
      return [codeOf(error, 'LEDGER_UNAVAILABLE')];
    }
    const codes = [...this.#states.values()].flatMap(({ trouble }) => (trouble !== undefined && GRAVE.has(trouble) ? [trouble] : []));
    if (unwitnessedSinceMs !== undefined && this.#nowMs() - unwitnessedSinceMs > unwitnessedMsMax) codes.push('LOG_UNWITNESSED');
    return [...new Set(codes)].sort();
  }

  #stateOf({ name }: WitnessPort): WitnessState {
    const known = this.#states.get(name);
    if (known) return known;
    const size = this.options.ledger.witnessed.sizes.get(name) ?? 0;
    const state: WitnessState = { held: size, cosigned: size, asking: false, pauseMs: 0, notBeforeMs: 0, trouble: undefined };
    this.#states.set(name, state);
    return state;
  }

  async #ask(witness: WitnessPort, state: WitnessState, checkpoint: SignedCheckpoint): Promise<void> {
    try {
      await this.#cosigned(witness, state, checkpoint);
      state.pauseMs = 0;
      state.trouble = undefined;
    } catch (error) {
      const { intervalMs, onTrouble } = this.options;
      state.pauseMs = Math.min(PAUSE_MS_MAX, Math.max(intervalMs, state.pauseMs * 2));
      state.notBeforeMs = this.#nowMs() + state.pauseMs;
      const code = codeOf(error);
      if (code !== state.trouble) onTrouble({ witness: witness.name, code });
      state.trouble = code;
    }
  }

  async #cosigned(witness: WitnessPort, state: WitnessState, checkpoint: SignedCheckpoint): Promise<void> {
    const { ledger, keys, askTimeoutMs = ASK_TIMEOUT_MS } = this.options;
    const { note, size } = checkpoint;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const from = Math.min(state.held, size);
      const hashes = encodeHashes(ledger.consistency(from, size));
      const asked = witness.cosign({ key: keys().at(-1) ?? '', checkpoint: note, from, hashes });
      const { cosignature: line, size: held } = await within(asked, askTimeoutMs);
      if (line !== undefined) {
        const timeSeconds = cosignedAt(note, line, witness.keys);
        if (timeSeconds === undefined) throw trouble('WITNESS_COSIGNATURE_INVALID', 'the cosignature is not one of this witness for this checkpoint');
        await ledger.addCosignature(checkpoint, { line, witness: witness.name, size, timeSeconds });
        state.held = size;
        state.cosigned = size;
        return;
      }
      if (!Number.isSafeInteger(held) || held < 0 || held === from) throw trouble('WITNESS_ANSWER', 'the answer is neither a cosignature nor another size');
      // larger than the newest: this log went back behind what it had published, or the witness makes it up
      if (held > ledger.checkpoint.size) throw trouble('WITNESS_AHEAD', 'the witness has seen a larger tree of this log');
      state.held = held;
      // it cosigned a newer one meanwhile, whose answer was lost: the next round asks for the newest again
      if (held > size) return;
    }
    throw trouble('WITNESS_UNSTEADY', 'the witness names another size each time');
  }
}

/** Undefined where the ledger was closed under the loop: it has nothing to show then. */
function newestOf(ledger: Ledger): SignedCheckpoint | undefined {
  try {
    return ledger.checkpoint;
  } catch {
    return undefined;
  }
}

const trouble = (code: string, message: string): DomainError => new DomainError(code, 'unavailable', message);

function codeOf(error: unknown, otherwise = 'WITNESS_UNAVAILABLE'): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  if (name === 'TimeoutError') return 'WITNESS_SILENT';
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : otherwise;
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error('no answer in time'), { name: 'TimeoutError' })), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
