import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { choice } from '../command-line/commands.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { ByteLines, type Encoding, ENCODINGS } from '../lines/byte-lines.js';
import type { Fields, LineForm } from '../lines/line-form.js';
import { type Format, FORMATS, HeadRefused, type ReadLine, readLines } from '../lines/read-lines.js';
import { bulkTexts } from './bulk.texts.js';

export interface InputOptions {
  readonly file: string;
  readonly out?: string;
  readonly bulkId?: string;
  readonly resume?: boolean;
  readonly format?: Format;
  readonly encoding?: Encoding;
}
const STANDARD_INPUT = '-';

export function bulkOptions(command: Command, session: Session): Command {
  const say = bulkTexts(session.language);
  return command
    .option('--file <path>', say.file)
    .option('--out <path>', say.out)
    .option('--bulk-id <id>', say.bulkId)
    .option('--resume', say.resume)
    .addOption(choice('--format <format>', say.format, FORMATS))
    .addOption(choice('--encoding <encoding>', say.encoding, ENCODINGS).default('utf-8'));
}

function formatOf({ file, format }: InputOptions, session: Session): Format {
  if (format !== undefined) return format;
  if (/\.csv$/i.test(file)) return 'csv';
  if (/\.(?:ndjson|jsonl)$/i.test(file)) return 'ndjson';
  throw new UsageError('--format', FORMATS.join(', '), bulkTexts(session.language).noFormat);
}

function refusedHead({ why, columns }: HeadRefused, form: LineForm, session: Session): UsageError {
  const say = bulkTexts(session.language);
  const named = columns.slice(0, 20).join(', ');
  switch (why) {
    case 'unreadable':
      return new UsageError('--file', 'a head of columns', say.headUnreadable);
    case 'unknown':
      return new UsageError('--file', 'known columns', say.headUnknown(named, form.map(({ name }) => name).join(', ')));
    case 'missing':
      return new UsageError('--file', 'all needed columns', say.headMissing(named));
    case 'twice':
      return new UsageError('--file', 'each column once', say.headTwice(named));
  }
}

/** Lines of a file as a progress bar counts them; undefined for standard input. */
export async function countLines(file: string): Promise<number | undefined> {
  if (file === STANDARD_INPUT) return undefined;
  let lines = 0;
  let last = 0x0a;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) lines += 1;
    last = chunk.at(-1) ?? last;
  }
  return last === 0x0a ? lines : lines + 1;
}

/** What a stream gives until the signal: then it ends, even where it waits for more. */
async function* untilAborted(stream: Readable, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const stop = (): void => void stream.destroy();
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop);
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

export interface Input {
  readonly source: ByteLines;
  readonly lines: AsyncIterable<ReadLine>;
}

/** Opens the input; `watched` is the line up to which an earlier run had answers. Ends at the signal. Throws UsageError, also while it is read. */
export function openInput(
  options: InputOptions,
  { form, defaults }: { readonly form: LineForm; readonly defaults: Fields },
  watched: number,
  { session, signal }: { readonly session: Session; readonly signal: AbortSignal },
): Input {
  const format = formatOf(options, session);
  const { file, encoding = 'utf-8' } = options;
  if (file !== STANDARD_INPUT && statSync(file).isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR', path: file });
  const stream = file === STANDARD_INPUT ? process.stdin : createReadStream(file);
  const source = new ByteLines(untilAborted(stream, signal), encoding, { watched });
  return { source, lines: inLanguage() };

  async function* inLanguage(): AsyncGenerator<ReadLine> {
    try {
      yield* readLines(source, format, form, defaults);
    } catch (error) {
      throw error instanceof HeadRefused ? refusedHead(error, form, session) : error;
    }
  }
}
