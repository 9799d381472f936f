// Read: one rpc for bounded reads and subscriptions, of a stream and of $all.
import { status as grpcStatus } from '@grpc/grpc-js';
import type { DoubleState } from './double-state.js';
import type { Fault } from './faults.js';
import type { EventLog, LogRecord } from './log.js';
import { failure, refusalOf, streamDeleted, streamNameOf, streams, thrownByHandler } from './messages.js';
import { drained, eventResponse, filterOf, type ReadCall, streamNotFoundResponse } from './read-messages.js';
import { openSubscription } from './rpc-subscribe.js';

type Selection =
  { readonly kind: 'records'; readonly records: Iterable<LogRecord> } | { readonly kind: 'not-found' } | { readonly kind: 'error'; readonly error: Error };

export function read(state: DoubleState): (call: ReadCall) => void {
  return (call) => {
    const options = call.request.getOptions();
    const isSubscription = options?.hasSubscription() === true;
    const fault = state.faults.take(isSubscription ? 'subscribe' : 'read');
    call.on('error', () => undefined); // a reader that goes away is no trouble
    if (fault?.kind === 'no-answer') return;
    const refusal = refusalOf(fault);
    if (refusal !== undefined) return void call.emit('error', refusal);
    const begin = (): void => {
      if (options === undefined) call.emit('error', thrownByHandler());
      else if (isSubscription) openSubscription(state, call, options, fault);
      else void readBounded(state, call, options, fault);
    };
    if (fault?.kind === 'delay') setTimeout(begin, fault.ms);
    else begin();
  };
}

async function readBounded(state: DoubleState, call: ReadCall, options: streams.ReadReq.Options, fault: Fault | undefined): Promise<void> {
  const selection = options.hasAll() ? selectAll(state.log, options) : selectStream(state.log, options);
  switch (selection.kind) {
    case 'error':
      call.emit('error', selection.error);
      return;
    case 'not-found':
      call.write(streamNotFoundResponse(streamNameOf(options.getStream()?.getStreamIdentifier())));
      call.end();
      return;
    case 'records':
      break;
  }
  const breakAfter = fault?.kind === 'break-after' ? fault.events : Infinity;
  let sent = 0;
  for (const record of selection.records) {
    if (sent >= breakAfter) break;
    sent += 1;
    if (!call.write(eventResponse(record))) await drained(call);
    if (call.cancelled || call.destroyed) return;
  }
  if (breakAfter === Infinity) call.end();
  else call.emit('error', failure(grpcStatus.UNAVAILABLE, 'Made to break.'));
}

const isBackwards = (options: streams.ReadReq.Options): boolean => options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;

function selectStream(log: EventLog, options: streams.ReadReq.Options): Selection {
  const of = options.getStream();
  const name = streamNameOf(of?.getStreamIdentifier());
  if (of === undefined || name === '') return { kind: 'error', error: thrownByHandler() };
  const count = Number(options.getCount());
  const backwards = isBackwards(options);
  const view = log.view(name, Date.now());
  if (count === 0 || (of.hasEnd() && !backwards)) return { kind: 'error', error: failure(grpcStatus.UNKNOWN, 'Unexpected ReadStreamResult: Error') };
  if (view.kind === 'tombstoned') return { kind: 'error', error: streamDeleted(name) };
  if (view.kind === 'missing') return { kind: 'not-found' };
  const { records, firstIndex } = view as Extract<typeof view, { kind: 'stream' }>;
  const asked = of.hasStart() ? 0 : of.hasEnd() ? Infinity : Number(of.getRevision());
  return {
    kind: 'records',
    records: here(
      log,
      backwards ? downTo(records, Math.min(asked, records.length - 1), firstIndex, count) : upFrom(records, Math.max(asked, firstIndex), count),
    ),
  };
}

function selectAll(log: EventLog, options: streams.ReadReq.Options): Selection {
  const all = options.getAll()!;
  const backwards = isBackwards(options);
  const count = Number(options.getCount());
  if (count === 0) return { kind: 'error', error: failure(grpcStatus.UNKNOWN, 'Unexpected ReadAllResult: Error') };
  let filter: ReturnType<typeof filterOf>;
  try {
    filter = filterOf(options);
  } catch {
    return { kind: 'error', error: thrownByHandler() };
  }
  const { records } = log;
  const position = all.getPosition();
  // of the first record at or past the position that was asked for
  let index = all.hasEnd() ? records.length : 0;
  if (position !== undefined) {
    const [commit, prepare] = [BigInt(position.getCommitPosition()), BigInt(position.getPreparePosition())];
    if (prepare > commit) return { kind: 'error', error: thrownByHandler() };
    const isBoundary = commit === 0n || commit >= BigInt(log.end) || log.indexAt(commit) !== undefined;
    if (!isBoundary) return { kind: 'error', error: failure(grpcStatus.UNKNOWN, 'Unexpected ReadAllResult: Error') };
    index = log.indexAfter(commit - 1n);
  }
  const selected = backwards ? downTo(records, index - 1, 0, Infinity) : upFrom(records, index, Infinity);
  return { kind: 'records', records: take(here(log, selected), filter, count) };
}

/** Ends where the array ended when the read began. */
function* upFrom(records: readonly LogRecord[], first: number, count: number): Generator<LogRecord> {
  const end = Math.min(records.length, first + count);
  for (let index = first; index < end; index += 1) yield records[index]!;
}

function* downTo(records: readonly LogRecord[], first: number, lowest: number, count: number): Generator<LogRecord> {
  const end = Math.max(lowest, first - count + 1);
  for (let index = first; index >= end; index -= 1) yield records[index]!;
}

/** Without what was lost. */
function* here({ lost }: EventLog, records: Iterable<LogRecord>): Generator<LogRecord> {
  for (const record of records) if (!lost.has(record)) yield record;
}

function* take(records: Iterable<LogRecord>, filter: ((record: LogRecord) => boolean) | undefined, count: number): Generator<LogRecord> {
  let left = count;
  for (const record of records) {
    if (filter?.(record) === false) continue;
    yield record;
    left -= 1;
    if (left <= 0) return;
  }
}
