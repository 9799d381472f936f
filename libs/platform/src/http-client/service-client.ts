import { DomainError } from '#libs/kernel';
import { Pool } from 'undici';
import { Semaphore } from '../bounded/semaphore.js';
import { errorOfProblem } from '../http/problem.js';
import { correlationId, CORRELATION_HEADER } from '../logging/correlation.js';
import { EMPTY_BODY } from '../tokens/callers.js';
import type { TokenSigner } from '../tokens/token-signer.js';
import { compileValidator } from '../validation/compile.js';
import type { Class } from '../validation/json-schema.js';

export interface ServiceClientOptions {
  /** `http://127.0.0.1:7101` */
  readonly address: string;
  /** The id of the server that is called: what the token is made for. */
  readonly audience: string;
  /** Left out where only open routes are called. */
  readonly signer?: TokenSigner;
  readonly connectionsMax?: number;
  /** Calls that run at once, and that wait for it; beyond that a call rejects with BUSY. */
  readonly callsMax?: number;
  readonly waitingMax?: number;
  /** Of one call, over all its attempts. */
  readonly deadlineMs?: number;
  readonly attemptsMax?: number;
  readonly responseBytesMax?: number;
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

export interface Call<T extends object> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path with its query, e.g. `/exchanges/…`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: object;
  /** True where sending it twice is the same as once: then lost answers are retried too. */
  readonly idempotent: boolean;
  /** Class of the answer; an answer of another shape is refused. */
  readonly answer?: Class<T>;
  readonly deadlineMs?: number;
  /** The caller's own end of patience. */
  readonly signal?: AbortSignal;
}

const CONNECTIONS_MAX = 16;
const CALLS_MAX = 64;
const WAITING_MAX = 2_000;
const DEADLINE_MS = 20_000;
const ATTEMPTS_MAX = 4;
const RESPONSE_BYTES_MAX = 16 * 1_048_576;
const BACKOFF_MS = 50;
const BACKOFF_MS_MAX = 2_000;
const CONNECT_TIMEOUT_MS = 3_000;

/** The other server can't be reached, or its answer did not come in time; `sent` tells whether it may have been received. */
export class ServiceUnavailable extends DomainError {
  override readonly name = 'ServiceUnavailable';
  constructor(
    readonly audience: string,
    readonly sent: boolean,
    code: 'SERVICE_UNAVAILABLE' | 'SERVICE_DEADLINE' = 'SERVICE_UNAVAILABLE',
    options?: ErrorOptions,
  ) {
    super(code, 'unavailable', code === 'SERVICE_DEADLINE' ? `${audience} did not answer in time` : `${audience} cannot be reached`, {}, options);
  }
}

interface Failure {
  readonly error: DomainError;
  readonly retriable: boolean;
  readonly afterMs?: number;
}
type Outcome = { readonly value: unknown } | Failure;

/** Errors of undici and Node that come before a byte of the request was sent. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/**
 * Refusals that come before any handler has run. Other errors of kind busy or unavailable may come after a part of the work
 * was done, by that server or by one behind it: those are tried again only where the call is idempotent.
 */
const BEFORE_THE_HANDLER: ReadonlySet<string> = new Set(['SERVER_BUSY', 'SHUTTING_DOWN', 'TOKEN_BEFORE_START', 'TOKEN_CACHE_FULL']);

/**
 * Calls one other server: signs each attempt, JSON in and out, one deadline a call, bounded retries with full jitter,
 * bounded concurrency. A problem comes back as a DomainError with the code and kind of the other side. Bodies are never
 * logged.
 */
export class ServiceClient {
  readonly #pool: Pool;
  readonly #calls: Semaphore;

  constructor(private readonly options: ServiceClientOptions) {
    this.#pool = new Pool(options.address, {
      connections: options.connectionsMax ?? CONNECTIONS_MAX,
      pipelining: 1,
      keepAliveTimeout: 10_000,
      connect: { timeout: CONNECT_TIMEOUT_MS, ...options.tls },
    });
    this.#calls = new Semaphore({
      name: `the queue to ${options.audience}`,
      permits: options.callsMax ?? CALLS_MAX,
      waitingMax: options.waitingMax ?? WAITING_MAX,
    });
  }

  get audience(): string {
    return this.options.audience;
  }

  /**
   * Resolves to the answer's JSON (undefined for 204). Rejects with the other side's DomainError, ServiceUnavailable, Busy,
   * or SERVICE_ANSWER (internal) for an answer that is no JSON or not of the class asked for.
   */
  call<T extends object>(call: Call<T>): Promise<T> {
    return this.#calls.run(() => this.#attempts(call));
  }

  /** Waits for the calls that run. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #attempts<T extends object>(call: Call<T>): Promise<T> {
    const endsAtMs = performance.now() + (call.deadlineMs ?? this.options.deadlineMs ?? DEADLINE_MS);
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(call, body, endsAtMs);
      if ('value' in outcome) return this.#checked(call, outcome.value);
      const ceilingMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** attempt);
      const waitMs = Math.max(outcome.afterMs ?? 0, Math.random() * ceilingMs);
      const last = attempt >= (this.options.attemptsMax ?? ATTEMPTS_MAX) || performance.now() + waitMs >= endsAtMs || call.signal?.aborted === true;
      if (!outcome.retriable || last) throw outcome.error;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  async #attempt(call: Call<object>, body: Buffer | undefined, endsAtMs: number): Promise<Outcome> {
    const { audience, signer } = this.options;
    const deadline = AbortSignal.timeout(Math.max(1, Math.floor(endsAtMs - performance.now())));
    const id = correlationId();
    try {
      const {
        statusCode,
        headers,
        body: stream,
      } = await this.#pool.request({
        method: call.method,
        path: call.path,
        body: body ?? null,
        headers: {
          accept: 'application/json',
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...(id === undefined ? {} : { [CORRELATION_HEADER]: id }),
          ...(signer ? { authorization: await signer.authorization(audience, { method: call.method, path: call.path, body: body ?? EMPTY_BODY }) } : {}),
        },
        signal: call.signal ? AbortSignal.any([deadline, call.signal]) : deadline,
      });
      const bytes = await readAtMost(stream, this.options.responseBytesMax ?? RESPONSE_BYTES_MAX);
      if (bytes === undefined) return { error: this.#badAnswer('is larger than is allowed'), retriable: false };
      return this.#outcome(call, statusCode, headers['retry-after'], bytes);
    } catch (cause) {
      const sent = !NOT_SENT.has(String((cause as { code?: unknown }).code));
      const error = new ServiceUnavailable(audience, sent, deadline.aborted ? 'SERVICE_DEADLINE' : 'SERVICE_UNAVAILABLE', { cause });
      return { error, retriable: (!sent || call.idempotent) && !deadline.aborted };
    }
  }

  #outcome(call: Call<object>, status: number, retryAfter: string | string[] | undefined, bytes: Buffer): Outcome {
    let value: unknown;
    try {
      value = bytes.length === 0 ? undefined : JSON.parse(bytes.toString('utf8'));
    } catch {
      if (status < 300) return { error: this.#badAnswer('is not JSON'), retriable: false };
    }
    if (status >= 200 && status < 300) return { value };
    const gone = status === 502 || status === 503 || status === 504;
    const error =
      errorOfProblem(status, value) ??
      (gone ? new ServiceUnavailable(this.options.audience, status !== 503) : this.#badAnswer(`is ${status} without a problem`));
    const transient = error.kind === 'busy' || error.kind === 'unavailable';
    const retriable = transient && (call.idempotent || BEFORE_THE_HANDLER.has(error.code));
    const seconds = Number(retryAfter);
    return { error, retriable, ...(Number.isFinite(seconds) && seconds > 0 ? { afterMs: seconds * 1_000 } : {}) };
  }

  #checked<T extends object>(call: Call<T>, value: unknown): T {
    if (call.answer) {
      const [problem] = compileValidator(call.answer)(value);
      if (problem) throw this.#badAnswer(`has a field that is not as agreed: ${problem.field} ${problem.message}`);
    }
    return value as T;
  }

  #badAnswer(what: string): DomainError {
    return new DomainError('SERVICE_ANSWER', 'internal', `the answer of ${this.options.audience} ${what}`);
  }
}

async function readAtMost(stream: AsyncIterable<Buffer>, bytesMax: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
