// Subscriptions: catch-up from a place, exclusive, then live. The two versions differ in what becomes of a consumer too slow.
import { status as grpcStatus } from '@grpc/grpc-js';
import type { DoubleState } from './double-state.js';
import type { Fault } from './faults.js';
import type { LogRecord } from './log.js';
import { consumerTooSlow, failure, streamDeleted, streamNameOf, type streams, thrownByHandler } from './messages.js';
import { caughtUpResponse, checkpointResponse, confirmationResponse, drained, eventResponse, filterOf, type ReadCall } from './read-messages.js';

/**
 * Live events that may wait for the reader. The server's own buffer has 32 places, and what is on its way to the client adds to them: bursts
 * of 100 were survived by a consumer that did not read, bursts of 200 never.
 */
export const LIVE_EVENTS_MAX = 128;
/** Records searched between two checkpoints, unless the filter says otherwise; times the interval asked for. */
const SEARCH_WINDOW = 32;

interface Source {
  /** Stream's name; undefined is $all. */
  readonly stream: string | undefined;
  readonly records: () => readonly LogRecord[];
  /** Index in `records` of the first to send. */
  readonly from: number;
  /** Records that are never sent, up to this position. */
  readonly silentUpTo: number;
  readonly filter: ((record: LogRecord) => boolean) | undefined;
  /** Records searched between two checkpoints; undefined where there are none. */
  readonly checkpointEvery: number | undefined;
  readonly fromStart: boolean;
}

type Opened = { readonly source: Source } | { readonly error: Error; readonly confirmed: boolean };

export function openSubscription(state: DoubleState, call: ReadCall, options: streams.ReadReq.Options, fault: Fault | undefined): void {
  const opened = options.hasAll() ? allSource(state, options) : streamSource(state, options);
  if ('error' in opened) {
    if (opened.confirmed) call.write(confirmationResponse());
    call.emit('error', opened.error);
    return;
  }
  new Subscription(state, call, opened.source, fault).start();
}

function allSource({ log, version }: DoubleState, options: streams.ReadReq.Options): Opened {
  const all = options.getAll()!;
  const position = all.getPosition();
  let from = all.hasEnd() ? log.records.length : 0;
  let silentUpTo = -1;
  let filter: Source['filter'];
  try {
    filter = filterOf(options);
  } catch {
    return { error: thrownByHandler(), confirmed: false };
  }
  if (position !== undefined) {
    const [commit, prepare] = [BigInt(position.getCommitPosition()), BigInt(position.getPreparePosition())];
    if (prepare > commit) return { error: thrownByHandler(), confirmed: false };
    const isBeyondEnd = commit >= BigInt(log.end);
    if (!isBeyondEnd && commit !== 0n && log.indexAt(commit) === undefined) {
      return version === '23.10.8'
        ? { error: thrownByHandler(), confirmed: false }
        : { error: failure(grpcStatus.INVALID_ARGUMENT, 'Trying to read from an invalid position.'), confirmed: true };
    }
    from = log.indexAfter(commit);
    if (isBeyondEnd && version !== '23.10.8') silentUpTo = Number(commit);
  }
  const window = options.getFilter();
  const checkpointEvery = window && (window.hasMax() ? window.getMax() : SEARCH_WINDOW) * Math.max(1, window.getCheckpointintervalmultiplier());
  return { source: { stream: undefined, records: () => log.records, from, silentUpTo, filter, checkpointEvery, fromStart: all.hasStart() } };
}

function streamSource({ log }: DoubleState, options: streams.ReadReq.Options): Opened {
  const of = options.getStream();
  const stream = streamNameOf(of?.getStreamIdentifier());
  if (of === undefined || stream === '') return { error: thrownByHandler(), confirmed: false };
  const view = log.view(stream, Date.now());
  if (view.kind === 'tombstoned') return { error: streamDeleted(stream), confirmed: false };
  const records = (): readonly LogRecord[] => log.recordsOf(stream) ?? [];
  const asked = of.hasStart() ? 0 : of.hasEnd() ? records().length : Number(of.getRevision()) + 1;
  const lowest = view.kind === 'stream' ? (view as Extract<typeof view, { kind: 'stream' }>).firstIndex : records().length;
  return {
    source: {
      stream,
      records,
      from: Math.max(asked, Math.min(lowest, records().length)),
      silentUpTo: -1,
      filter: undefined,
      checkpointEvery: undefined,
      fromStart: of.hasStart(),
    },
  };
}

class Subscription {
  readonly #state: DoubleState;
  readonly #call: ReadCall;
  readonly #source: Source;
  readonly #fault: Fault | undefined;
  #cursor: number;
  #isLive = false;
  #isPumping = false;
  #isEnded = false;
  /** Matching records that came while live and are not sent yet. */
  #waiting = 0;
  #searched = 0;
  #matchedInWindow = false;
  #sent = 0;
  #sentLive = 0;
  readonly #leave: (() => void)[] = [];

  constructor(state: DoubleState, call: ReadCall, source: Source, fault: Fault | undefined) {
    this.#state = state;
    this.#call = call;
    this.#source = source;
    this.#fault = fault;
    this.#cursor = source.from;
  }

  start(): void {
    const drop = (): void => this.#end(consumerTooSlow());
    this.#state.tooSlow.add(drop);
    this.#leave.push(
      () => this.#state.tooSlow.delete(drop),
      this.#state.log.follow((records) => this.#onWrite(records)),
    );
    for (const event of ['cancelled', 'close']) this.#call.on(event, () => this.#end());
    this.#call.write(confirmationResponse());
    if (this.#source.fromStart && this.#source.checkpointEvery !== undefined && !this.#firstWindowMatches(this.#source.checkpointEvery)) {
      this.#call.write(checkpointResponse(0, 0));
    }
    void this.#pump();
  }

  #firstWindowMatches(window: number): boolean {
    return this.#source
      .records()
      .slice(0, window)
      .some((record) => this.#matches(record));
  }

  #matches(record: LogRecord): boolean {
    return record.position > this.#source.silentUpTo && this.#source.filter?.(record) !== false;
  }

  #onWrite(records: readonly LogRecord[]): void {
    if (this.#isEnded) return;
    const { stream } = this.#source;
    const own = stream === undefined ? records : records.filter((record) => record.stream === stream);
    if (stream !== undefined && own.some(({ type }) => type === '$streamDeleted')) return this.#end(streamDeleted(stream));
    if (this.#isLive) {
      this.#waiting += own.filter((record) => this.#matches(record)).length;
      if (this.#waiting > LIVE_EVENTS_MAX) {
        if (this.#state.version === '23.10.8') return this.#end(consumerTooSlow());
        this.#isLive = false;
        this.#waiting = 0;
      }
    }
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.#isEnded) {
      const record = this.#source.records()[this.#cursor];
      if (record === undefined) break;
      this.#cursor += 1;
      if (!this.#step(record)) await drained(this.#call);
      if (this.#isEnded) break;
      this.#breakWhereAsked();
    }
    this.#isPumping = false;
    if (!this.#isEnded && !this.#isLive) this.#becomeLive();
  }

  /** False where the reader takes no more for now. */
  #step(record: LogRecord): boolean {
    let goesOn = true;
    if (this.#matches(record)) {
      goesOn = this.#call.write(eventResponse(record));
      this.#matchedInWindow = true;
      this.#sent += 1;
      if (this.#isLive) {
        this.#waiting -= 1;
        this.#sentLive += 1;
      }
    }
    const { checkpointEvery } = this.#source;
    if (checkpointEvery === undefined) return goesOn;
    this.#searched += 1;
    if (this.#searched < checkpointEvery) return goesOn;
    const prepare = this.#isLive || this.#matchedInWindow ? record.position : 0;
    this.#searched = 0;
    this.#matchedInWindow = false;
    return this.#call.write(checkpointResponse(record.position, prepare)) && goesOn;
  }

  #breakWhereAsked(): void {
    if (this.#fault?.kind === 'break-after' && this.#sent >= this.#fault.events) this.#end(failure(grpcStatus.UNAVAILABLE, 'Made to break.'));
    if (this.#fault?.kind === 'too-slow-after' && this.#sentLive >= this.#fault.events) this.#end(consumerTooSlow());
  }

  #becomeLive(): void {
    const { stream, records } = this.#source;
    const waitsForFirstEvent = stream !== undefined && records().length === 0 && this.#state.version === '23.10.8';
    if (waitsForFirstEvent) return;
    this.#isLive = true;
    this.#waiting = 0;
    this.#call.write(caughtUpResponse());
  }

  #end(error?: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    for (const leave of this.#leave) leave();
    if (error !== undefined) this.#call.emit('error', error);
  }
}
