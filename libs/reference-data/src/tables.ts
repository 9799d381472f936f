import { readFileSync } from 'node:fs';
import { CERTAINTIES, type Certainty } from '#libs/domain';

/** Data files lie beside the sources; built code runs from `dist/libs/reference-data/src`. */
const DATA = new URL('../../../../libs/reference-data/data/', import.meta.url);

/** Thrown where a data file does not hold what its loader promises; names file, line and rule. */
export class ReferenceDataInvalid extends Error {
  override readonly name = 'ReferenceDataInvalid';
  constructor(file: string, line: number, rule: string) {
    super(`${file}, line ${line}: ${rule}`);
  }
}

export const readData = (file: string): string => readFileSync(new URL(file, DATA), 'utf8');

/** One line of a tab-separated file, by column; every accessor refuses what is not of its kind. */
export class Row {
  constructor(
    private readonly file: string,
    private readonly line: number,
    private readonly fields: ReadonlyMap<string, string>,
  ) {}

  text(column: string): string {
    const value = this.fields.get(column);
    return value === undefined || value === '' ? this.refuse(`${column} is empty`) : value;
  }
  /** `-` stands for nothing. */
  optional(column: string): string | undefined {
    const value = this.text(column);
    return value === '-' ? undefined : value;
  }
  count(column: string): number {
    const value = this.text(column);
    return /^\d+$/.test(value) ? Number(value) : this.refuse(`${column} is not a count`);
  }
  optionalCount(column: string): number | undefined {
    return this.optional(column) === undefined ? undefined : this.count(column);
  }
  flag(column: string): boolean {
    return this.oneOf(column, ['true', 'false']) === 'true';
  }
  list(column: string, separator = ' '): readonly string[] {
    return this.text(column).split(separator);
  }
  oneOf<T extends string>(column: string, allowed: readonly T[]): T {
    const value = this.text(column);
    return allowed.find((candidate) => candidate === value) ?? this.refuse(`${column} is none of ${allowed.join(', ')}`);
  }
  matching(column: string, pattern: RegExp): string {
    const value = this.text(column);
    return pattern.test(value) ? value : this.refuse(`${column} does not match ${pattern.source}`);
  }
  get certainty(): Certainty {
    return this.oneOf('certainty', CERTAINTIES);
  }
  get source(): string {
    return this.text('source');
  }
  refuse(rule: string): never {
    throw new ReferenceDataInvalid(this.file, this.line, rule);
  }
}

export const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The lines of a tab-separated file whose first line names exactly these columns. */
export function readRows(file: string, columns: readonly string[]): readonly Row[] {
  const [head, ...lines] = readData(file).trimEnd().split('\n');
  if (head !== columns.join('\t')) throw new ReferenceDataInvalid(file, 1, `the columns are not ${columns.join(', ')}`);
  return lines.map((line, index) => {
    const fields = line.split('\t');
    if (fields.length !== columns.length) throw new ReferenceDataInvalid(file, index + 2, `${fields.length} fields, not ${columns.length}`);
    return new Row(file, index + 2, new Map(columns.map((column, position) => [column, fields[position] ?? ''])));
  });
}

/** Loads at first use, and keeps what was loaded. */
export function once<T>(load: () => T): () => T {
  let loaded: { readonly value: T } | undefined;
  return () => (loaded ??= { value: load() }).value;
}

/** Entries by a key that may stand only once. */
export function indexed<T>(file: string, entries: readonly T[], keyOf: (entry: T) => string): ReadonlyMap<string, T> {
  const byKey = new Map<string, T>();
  entries.forEach((entry, index) => {
    const key = keyOf(entry);
    if (byKey.has(key)) throw new ReferenceDataInvalid(file, index + 2, `${key} stands twice`);
    byKey.set(key, entry);
  });
  return byKey;
}

/** What a line says of where it comes from and how sure that is. */
export interface Sourced {
  readonly source: string;
  readonly certainty: Certainty;
}

/** The least sure of several. */
export const leastCertain = (...certainties: readonly Certainty[]): Certainty =>
  certainties.reduce((least, next) => (CERTAINTIES.indexOf(next) > CERTAINTIES.indexOf(least) ? next : least), 'verified');
