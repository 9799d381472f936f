import { parse } from 'csv-parse/sync';
import type { LineProblem } from '#libs/agency-sdk';
import type { ByteLines, RawLine } from './byte-lines.js';
import { checkLine, type Fields, type LineForm, type LineVerdict, refusedLine } from './line-form.js';

export const FORMATS = ['ndjson', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** A line of a file, good or refused here; blank lines are left out, but keep their numbers. */
export type ReadLine =
  { readonly line: number; readonly ok: true; readonly fields: Fields } | { readonly line: number; readonly ok: false; readonly problem: LineProblem };

/** The head of a CSV file is wrong, so that no line of it can be read. */
export class HeadRefused extends Error {
  override readonly name = 'HeadRefused';
  constructor(
    readonly why: 'unreadable' | 'unknown' | 'missing' | 'twice',
    readonly columns: readonly string[],
  ) {
    super(`the head is refused: ${why}`);
  }
}

const QUOTE_OPEN = 'a quote is not closed, or something follows it';

/** Fields of one CSV line (RFC 4180); undefined where it is not one. A field holds no line break. */
export function csvFields(text: string): readonly string[] | undefined {
  if (!text.includes('"')) return text.split(',');
  try {
    const [row] = parse(text, { relax_column_count: true }) as string[][];
    return row;
  } catch {
    return undefined; // a quote that is not closed: told as such, without the text
  }
}

function csvValue(kind: string | undefined, text: string): unknown {
  if (kind === 'flag') return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;
  if (kind !== 'object') return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // refused below: not an object
  }
}

function csvHead(line: RawLine, form: LineForm, defaults: Fields): readonly string[] {
  const columns = 'text' in line ? csvFields(line.text)?.map((column) => column.trim()) : undefined;
  if (columns === undefined) throw new HeadRefused('unreadable', []);
  const unknown = columns.filter((column) => !form.some(({ name }) => name === column));
  if (unknown.length > 0) throw new HeadRefused('unknown', unknown);
  const twice = columns.filter((column, index) => columns.indexOf(column) !== index);
  if (twice.length > 0) throw new HeadRefused('twice', twice);
  const missing = form.filter(({ name, required }) => required && !columns.includes(name) && defaults[name] === undefined);
  if (missing.length > 0)
    throw new HeadRefused(
      'missing',
      missing.map(({ name }) => name),
    );
  return columns;
}

function csvLine(text: string, columns: readonly string[], form: LineForm, defaults: Fields): LineVerdict {
  const cells = csvFields(text);
  if (cells === undefined) return refusedLine(QUOTE_OPEN, 'RFC 4180');
  if (cells.length !== columns.length) return refusedLine(`${cells.length} fields, the head has ${columns.length}`, 'as many fields as the head');
  const given: Record<string, unknown> = {};
  for (const [index, column] of columns.entries()) {
    const cell = cells[index] ?? '';
    if (cell !== '') given[column] = csvValue(form.find(({ name }) => name === column)?.kind, cell);
  }
  return checkLine(form, given, defaults);
}

function jsonLine(text: string, form: LineForm, defaults: Fields): LineVerdict {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refusedLine('is not JSON', 'JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refusedLine('is not a JSON object', 'a JSON object');
  return checkLine(form, value as Fields, defaults);
}

const UNREADABLE = {
  'too-long': refusedLine('is longer than a line may be', 'length', undefined, 'LINE_TOO_LONG'),
  encoding: refusedLine('holds bytes that are not of the encoding', 'encoding', undefined, 'LINE_ENCODING'),
} as const;

/** The lines of a file by its format. Throws HeadRefused where the head of a CSV file is wrong. */
export async function* readLines(lines: ByteLines, format: Format, form: LineForm, defaults: Fields): AsyncGenerator<ReadLine> {
  let columns: readonly string[] | undefined;
  for await (const raw of lines) {
    if ('text' in raw && raw.text.trim() === '') continue;
    if (format === 'csv' && columns === undefined) {
      columns = csvHead(raw, form, defaults);
      continue;
    }
    const verdict =
      'unreadable' in raw
        ? UNREADABLE[raw.unreadable]
        : columns === undefined
          ? jsonLine(raw.text, form, defaults)
          : csvLine(raw.text, columns, form, defaults);
    yield { line: raw.number, ...verdict };
  }
}
