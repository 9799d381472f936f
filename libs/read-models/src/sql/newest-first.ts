import { type SelectQueryBuilder, sql, type SqlBool } from 'kysely';
import { invalid } from '#libs/kernel';
import type { Cursors } from '../cursor.js';
import { type Page, PAGE_ROWS_MAX, type Paged, type TimeRange } from '../questions.js';
import type { Row, Table } from '../table.js';
import type { RowCodec } from './row-codec.js';
import type { SqlValue, StoredRows, Tables } from './stored-rows.js';

/** Rows that one page of a filtered question looks at, at most: some milliseconds of the thread that also folds. */
export const SCAN_ROWS_MAX = 20_000;

export interface Listing {
  readonly table: Table;
  /** Column of the instant that rows are listed by. */
  readonly time: string;
  /** Equal to these, by an index that leads on with the time and the key. */
  readonly by: Readonly<Record<string, string | undefined>>;
  /** One of these values each; looked at row by row. */
  readonly filters: Readonly<Record<string, readonly string[] | undefined>>;
}

type Query = SelectQueryBuilder<Tables, string, object>;

export function checkLimit(limit: number, max: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > max) throw invalid('limit', `1..${max}`, `limit must be a whole number from 1 to ${max}`);
}

/** Chooses rows, so it binds cursors: everything of a question but its place and size. */
export const bindingOf = (name: string, question: object): string =>
  JSON.stringify([
    name,
    ...Object.entries({ ...question, cursor: undefined, limit: undefined })
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);

/**
 * A page of rows, newest request first. Where rows are filtered, a page looks at SCAN_ROWS_MAX rows at most and may hold
 * fewer than asked for.
 */
export async function newestFirst(rows: StoredRows, name: string, question: Paged & TimeRange, listing: Listing, cursors: Cursors): Promise<Page<Row>> {
  const { limit, cursor } = question;
  checkLimit(limit, PAGE_ROWS_MAX);
  const { table, time } = listing;
  const codec = rows.codecOf(table.name);
  const binding = bindingOf(name, question);
  const place = cursor === undefined ? undefined : cursors.open(binding, cursor);
  const filters = Object.entries(listing.filters).filter(([, values]) => values !== undefined);

  let query: Query = rows.reader.selectFrom(table.name) as unknown as Query;
  for (const [column, value] of Object.entries(listing.by)) if (value !== undefined) query = query.where(column, '=', codec.comparable(column, value));
  if (question.from !== undefined) query = query.where(time, '>=', codec.comparable(time, question.from));
  if (question.to !== undefined) query = query.where(time, '<', codec.comparable(time, question.to));
  if (place) query = query.where(compared(listing, codec, '<', place as Place));
  query = query.orderBy(time, 'desc').orderBy(table.key, 'desc');

  const last = filters.length === 0 ? undefined : await boundary(query, listing, codec);
  if (last) query = query.where(compared(listing, codec, '>=', last));
  for (const [column, values = []] of filters)
    query = query.where(
      rows.filtered(column),
      'in',
      values.map((value) => codec.comparable(column, value)),
    );
  const found = (await query
    .selectAll()
    .limit(limit + 1)
    .execute()) as Record<string, SqlValue>[];
  const page = found.slice(0, limit);
  const end = found.length > limit ? placeOf(page.at(-1) as Record<string, SqlValue>, listing, codec) : last;
  return { rows: page.map((row) => codec.decode(row)), ...(end ? { next: cursors.seal(binding, end) } : {}) };
}

type Place = readonly [time: number, key: string];

const placeOf = (row: Record<string, SqlValue>, { table, time }: Listing, codec: RowCodec): Place => [
  row[time] as number,
  codec.valueOf(table.key, row) as string,
];

const compared = ({ table, time }: Listing, codec: RowCodec, operator: '<' | '>=', [instant, key]: Place) =>
  sql<SqlBool>`(${sql.ref(time)}, ${sql.ref(table.key)}) ${sql.raw(operator)} (${instant}, ${codec.comparable(table.key, key)})`;

/** The last row that a page may look at; undefined where there are fewer. */
async function boundary(query: Query, listing: Listing, codec: RowCodec): Promise<Place | undefined> {
  const row = await query
    .select([listing.time, listing.table.key])
    .limit(1)
    .offset(SCAN_ROWS_MAX - 1)
    .executeTakeFirst();
  return row ? placeOf(row as Record<string, SqlValue>, listing, codec) : undefined;
}
