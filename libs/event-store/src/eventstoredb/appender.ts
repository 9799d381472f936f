import { type AppendResult, binaryEvent, NO_STREAM as NONE } from '@eventstore/db-client';
import { StoreUnavailable, WrongExpectedRevision } from '../errors.js';
import { type Appended, type AppendRequest, NO_STREAM, type Position } from '../event-store.js';
import type { EsdbClient } from './esdb-client.js';
import { SERVER_DEADLINE_MS, type Times } from './limits.js';
import { within } from './retry.js';

/** Positions that tell a repeat from an append: an answer that names one up to which the log was known before is of what stood there. */
export interface KnownEnd {
  /** Position of the log's last record. */
  end(): Promise<Position>;
}

/** Sends appends at exact revisions, again and again under the same ids, until the server has told what became of them. */
export class Appender {
  readonly #client: EsdbClient;
  readonly #prefix: string;
  readonly #times: Times;
  readonly #log: KnownEnd;
  /** Up to here the log is known; undefined after an append whose outcome nobody knows. */
  #known: Promise<Position> | undefined;

  constructor(client: EsdbClient, prefix: string, times: Times, log: KnownEnd) {
    this.#client = client;
    this.#prefix = prefix;
    this.#times = times;
    this.#log = log;
  }

  /** Rejects with WrongExpectedRevision, AppendTooLarge, or StoreUnavailable (the outcome is unknown). */
  async append({ stream, expectedRevision, events }: AppendRequest): Promise<Appended> {
    const last = expectedRevision + events.length;
    const name = this.#prefix + stream;
    const options = {
      expectedRevision: expectedRevision === NO_STREAM ? NONE : BigInt(expectedRevision),
      deadline: SERVER_DEADLINE_MS,
      requiresLeader: true,
    } as const;
    const sent = events.map(({ id, type, bytes }) => binaryEvent({ id, type, data: bytes }));
    const { appendAttemptMs, appendMs: budgetMs, replaceAfterMs } = this.#times;
    const before = await this.#knownEnd();
    const attempt = (): Promise<AppendResult> => within(this.#client.driver.appendToStream(name, sent, options), appendAttemptMs, 'an append');
    let result: AppendResult;
    try {
      result = await this.#client.trying(attempt, { budgetMs, replaceAfterMs }, (failure) =>
        failure.kind === 'conflict' ? new WrongExpectedRevision(stream, expectedRevision, failure.actualRevision) : undefined,
      );
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#known = undefined;
      throw error;
    }
    const position = result.position?.commit;
    if (position === undefined || Number(result.nextExpectedRevision) !== last) {
      throw new StoreUnavailable(`EventStoreDB: the stream ${stream} goes on at another revision than its events say: it was deleted or truncated`);
    }
    const alreadyStored = position <= before;
    if (!alreadyStored) this.#advance(position);
    return { revision: last, position, alreadyStored };
  }

  async #knownEnd(): Promise<Position> {
    this.#known ??= this.#log.end();
    try {
      return await this.#known;
    } catch (error) {
      this.#known = undefined;
      throw error;
    }
  }

  #advance(position: Position): void {
    this.#known = this.#known?.then((known) => (position > known ? position : known));
  }
}
