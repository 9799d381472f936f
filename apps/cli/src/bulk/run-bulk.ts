import { createHmac, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type AgencyClient, type Bulk, bulkOf, exchangeIdOfLine } from '#libs/agency-sdk';
import { DomainError, isUuidV7, uuidV7 } from '#libs/kernel';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import type { Connection } from '../connection/settings.js';
import type { Fields, LineForm } from '../lines/line-form.js';
import type { ReadLine } from '../lines/read-lines.js';
import { type BulkState, readState, stateFileOf, writeState } from './bulk-state.js';
import { bulkTexts } from './bulk.texts.js';
import { countLines, type Input, type InputOptions, openInput } from './input.js';
import { lockResults } from './lock.js';
import { ResultsFile } from './result-files.js';
import type { ResultLine } from './result-lines.js';
import { type Sending, sendLines } from './send-lines.js';

const BULK_ID_CHARACTERS_MAX = 64;
const REFUSED_SHOWN = 10;

/** One kind of bulk: what its lines hold, and how they are sent. */
export interface BulkJob<Line extends object, Value> {
  readonly kind: 'query' | 'replicas';
  readonly form: LineForm;
  /** Stand in for what a line leaves out. */
  readonly defaults: Fields;
  sending(bulk: Bulk): Sending<Line, Value>;
}
export interface BulkReport {
  readonly state: BulkState;
  readonly out: string;
  /** False where it was interrupted. */
  readonly completed: boolean;
  /** The first that were refused in this run. */
  readonly refused: readonly ResultLine[];
}

/** Tells whether two runs hold the same key: the exchange id of a line that no file has. */
const keyMarkOf = (client: AgencyClient, bulk: Bulk): string =>
  createHmac('sha256', exchangeIdOfLine(client.bulkSecret, client.agency, bulk, 0)).digest('base64url');

function newBulk(bulkId: string | undefined, session: Session): Bulk {
  if (bulkId === undefined) return bulkOf(uuidV7(Date.now(), randomBytes(10)));
  if (bulkId === '' || bulkId.length > BULK_ID_CHARACTERS_MAX) {
    throw new UsageError('--bulk-id', `1 to ${BULK_ID_CHARACTERS_MAX} characters`, bulkTexts(session.language).badBulkId);
  }
  return isUuidV7(bulkId) ? bulkOf(bulkId) : bulkOf(bulkId, Date.now());
}

/** The state to begin or continue with. Throws UsageError where the bulk is another one, or there is something at `out`. */
async function stateToRun(
  { options, out, kind }: { readonly options: InputOptions; readonly out: string; readonly kind: string },
  client: AgencyClient,
  connection: Connection,
  session: Session,
): Promise<BulkState> {
  const say = bulkTexts(session.language);
  const { server, agency } = connection;
  if (options.resume !== true) {
    if (existsSync(out) || existsSync(stateFileOf(out))) throw new UsageError('--out', 'a new file', say.exists(out));
    const bulk = newBulk(options.bulkId, session);
    const keyMark = keyMarkOf(client, bulk);
    return { format: 1, kind, agency, server, ...bulk, keyMark, lines: 0, digest: '', resultBytes: 0, accepted: 0, refused: 0, phase: 'sending' };
  }
  const state = await readState(out);
  if (state?.kind !== kind) throw new UsageError('--resume', 'a bulk that was begun', say.nothingToResume(stateFileOf(out)));
  const differs = [
    ...(options.bulkId !== undefined && options.bulkId !== state.bulkId ? ['--bulk-id'] : []),
    ...(agency === state.agency ? [] : ['--agency']),
    ...(server === state.server ? [] : ['--server-id']),
    ...(keyMarkOf(client, state) === state.keyMark ? [] : ['--key']),
  ];
  const [option] = differs;
  if (option !== undefined) throw new UsageError(option, 'as the bulk was begun', say.otherBulk(differs.join(', ')));
  return state;
}

/** Passes the lines on, once it is sure that those answered before are the same. */
async function* checked({ source, lines }: Input, state: BulkState, session: Session): AsyncGenerator<ReadLine> {
  const check = (): void => {
    if (state.lines > 0 && source.watchedDigest !== state.digest) {
      throw new UsageError('--file', 'the same lines as before', bulkTexts(session.language).otherFile);
    }
  };
  let isChecked = false;
  for await (const line of lines) {
    if (!isChecked && line.line > state.lines) {
      check();
      isChecked = true;
    }
    yield line;
  }
  if (!isChecked) check();
}

/**
 * Sends a file of lines, and writes the result of each, in order. Whatever ends it, what was answered is on disk, and a run
 * with `resume` continues: every line keeps its exchange id. Rejects with UsageError, and with the client's refusals.
 */
export async function runBulk<Line extends object, Value>(
  job: BulkJob<Line, Value>,
  options: InputOptions,
  {
    client,
    connection,
    session,
    signal,
  }: { readonly client: AgencyClient; readonly connection: Connection; readonly session: Session; readonly signal: AbortSignal },
): Promise<BulkReport> {
  const say = bulkTexts(session.language);
  const { out } = options;
  if (out === undefined) throw new UsageError('--out', 'given with --file', say.needsOut);
  const lock = lockResults(out);
  if ('heldBy' in lock) throw new UsageError('--out', 'written by one process', say.held(out, lock.heldBy));
  try {
    const state = await stateToRun({ options, out, kind: job.kind }, client, connection, session);
    return state.phase === 'sending' ? await send(job, options, out, state, { session, signal }) : { state, out, completed: true, refused: [] };
  } finally {
    lock.release();
  }
}

async function send<Line extends object, Value>(
  job: BulkJob<Line, Value>,
  options: InputOptions,
  out: string,
  begun: BulkState,
  { session, signal }: { readonly session: Session; readonly signal: AbortSignal },
): Promise<BulkReport> {
  const say = bulkTexts(session.language);
  const input = openInput(options, job, begun.lines, { session, signal });
  const total = await countLines(options.file);
  const progress = total === undefined || session.json ? undefined : session.err.progress(say.sending, total, { from: begun.lines, rate: true });
  const refused: ResultLine[] = [];
  let state = begun;
  let results: ResultsFile | undefined;
  // the bulk's id is on disk before anything is sent under it
  const begin = async (): Promise<ResultsFile> => {
    await writeState(out, state);
    results = existsSync(out) ? await ResultsFile.resume(out, begun.resultBytes) : await ResultsFile.create(out);
    return results;
  };
  let beginning: Promise<ResultsFile> | undefined;
  const opened = (): Promise<ResultsFile> => (beginning ??= begin());
  const sending = job.sending({ bulkId: begun.bulkId, bulkTimeMs: begun.bulkTimeMs });
  const durable: Sending<Line, Value> = {
    ...sending,
    send: async (lines) => {
      await opened();
      return sending.send(lines);
    },
  };
  try {
    const completed = await sendLines(input.source, checked(input, begun, session), durable, {
      after: begun.lines,
      signal,
      onAnswered: async (answered) => {
        const file = await opened();
        await file.append(answered.results);
        const [accepted, refusals] = [state.accepted + answered.accepted, state.refused + answered.refused];
        state = { ...state, lines: answered.lines, digest: answered.digest, resultBytes: file.bytes, accepted, refused: refusals };
        await writeState(out, state);
        refused.push(...answered.results.filter(({ outcome }) => outcome === 'refused').slice(0, REFUSED_SHOWN - refused.length));
        progress?.update(answered.lines);
      },
    });
    if (completed && state.accepted + state.refused === 0) throw new UsageError('--file', 'at least one line', say.noLines);
    if (completed) {
      state = { ...state, phase: 'sent' };
      await writeState(out, state);
      if (total !== undefined) progress?.update(total);
    }
    return { state, out, completed, refused };
  } catch (error) {
    if (results === undefined || !(error instanceof DomainError) || error instanceof UsageError) throw error;
    throw new DomainError(error.code, error.kind, say.stoppedAt(state.lines, error.message), error.at, { cause: error });
  } finally {
    progress?.stop();
    await results?.close();
  }
}
