import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { DomainError, type ErrorKind } from '#libs/kernel';
import { signToken, type TokenSource } from './agency-token.js';

export const TIMEOUT_MS = 30_000;
export const ATTEMPTS_MAX = 6;
const CONNECTIONS_MAX = 16;
const BACKOFF_FIRST_MS = 200;
const BACKOFF_MAX_MS = 5_000;
const RETRIED: readonly ErrorKind[] = ['busy', 'unavailable'];
const KINDS: ReadonlySet<string> = new Set<ErrorKind>([
  'invalid',
  'unauthenticated',
  'forbidden',
  'not-found',
  'conflict',
  'too-large',
  'unprocessable',
  'busy',
  'unavailable',
  'internal',
]);

export interface TransportOptions {
  /** e.g. `http://127.0.0.1:7301` */
  readonly baseUrl: string;
  /** Of one attempt, milliseconds. */
  readonly timeoutMs?: number;
  readonly attemptsMax?: number;
  readonly connectionsMax?: number;
}
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Added to the deadline of an attempt: for a call that asks the server to wait. */
  readonly extraMs?: number;
}

/** Sends JSON under a fresh token an attempt; what is passing (no connection, 503) is tried again with growing delay. */
export class Transport {
  readonly #agent: Agent;
  readonly #base: URL;

  constructor(
    private readonly token: TokenSource,
    private readonly options: TransportOptions,
  ) {
    this.#base = new URL(options.baseUrl);
    this.#agent = new Agent({ connections: options.connectionsMax ?? CONNECTIONS_MAX });
  }

  async call<T>(method: 'GET' | 'POST', path: string, body?: unknown, options: CallOptions = {}): Promise<T> {
    const bytes = body === undefined ? new Uint8Array(0) : Buffer.from(JSON.stringify(body), 'utf8');
    const attemptsMax = this.options.attemptsMax ?? ATTEMPTS_MAX;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt<T>(method, path, bytes, options);
      } catch (error) {
        const passing = error instanceof DomainError && RETRIED.includes(error.kind);
        if (!passing || attempt >= attemptsMax || options.signal?.aborted) throw error;
      }
      const delayMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (attempt - 1));
      await sleep(delayMs * (0.5 + Math.random() / 2), undefined, options.signal ? { signal: options.signal } : {});
    }
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  async #attempt<T>(method: 'GET' | 'POST', path: string, bytes: Uint8Array, { signal, extraMs = 0 }: CallOptions): Promise<T> {
    const url = new URL(`${this.#base.pathname.replace(/\/$/, '')}${path}`, this.#base);
    const deadline = AbortSignal.timeout((this.options.timeoutMs ?? TIMEOUT_MS) + extraMs);
    let status: number;
    let text: string;
    try {
      const answer = await request(url, {
        method,
        dispatcher: this.#agent,
        headers: {
          authorization: `Bearer ${await signToken(this.token, method, `${url.pathname}${url.search}`, bytes)}`,
          ...(bytes.length === 0 ? {} : { 'content-type': 'application/json' }),
        },
        ...(bytes.length === 0 ? {} : { body: bytes }),
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      });
      status = answer.statusCode;
      text = await answer.body.text();
    } catch (cause) {
      if (signal?.aborted) throw new DomainError('CANCELLED', 'unavailable', 'the call was cancelled: whether it was recorded is not known', {}, { cause });
      throw new DomainError('SERVER_UNREACHABLE', 'unavailable', 'the intermediate server did not answer', {}, { cause });
    }
    const parsed = parse(text);
    if (status >= 200 && status < 300 && parsed !== undefined) return parsed as T;
    throw refusalOf(status, parsed);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // not JSON: told by the status alone
  }
}

/** The refusal that an answer stands for (RFC 9457). */
function refusalOf(status: number, body: unknown): DomainError {
  const { code, kind, detail, field, rule } = (typeof body === 'object' && body !== null ? body : {}) as Partial<Record<string, unknown>>;
  const fallback: ErrorKind = status === 429 || (status >= 502 && status <= 504) ? 'unavailable' : status >= 500 ? 'internal' : 'invalid';
  return new DomainError(
    typeof code === 'string' ? code : `HTTP_${status}`,
    typeof kind === 'string' && KINDS.has(kind) ? (kind as ErrorKind) : fallback,
    typeof detail === 'string' ? detail : `the intermediate server answered with status ${status}`,
    { ...(typeof field === 'string' ? { field } : {}), ...(typeof rule === 'string' ? { rule } : {}) },
  );
}
