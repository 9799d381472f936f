import type { Kysely } from 'kysely';
import type { Position } from '#libs/event-store';
import type { RowCodec } from '../sql/row-codec.js';
import type { SqlValue, Tables } from '../sql/stored-rows.js';
import type { Counter, Row, Table } from '../table.js';

/** Rows read at once. */
const PAGE_ROWS = 2_000;

/** A view as it stood at one moment, whatever is written to it meanwhile. */
export interface Snapshot {
  readonly position: Position;
  /** Of the event there. */
  readonly eventId: string;
  readonly built: boolean;
  /** Names of a table's columns as it is stored; none where it is not there. */
  columnsOf(table: string): Promise<ReadonlySet<string>>;
  /** All rows in the order of their keys as stored, decoded, a page at a time; of an older version's table those columns that this code knows. */
  rows(table: Table): AsyncIterable<readonly Row[]>;
  /** Counts by bucket, as JSON of its dimensions. */
  counts(counter: Counter): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

export interface SnapshotOptions extends Pick<Snapshot, 'position' | 'eventId' | 'built' | 'columnsOf' | 'close'> {
  /** Inside a transaction that sees one state. */
  readonly db: Kysely<Tables>;
  codecOf(table: Table): RowCodec;
}

/** The same statements on both engines. */
export function snapshotOn({ db, codecOf, ...known }: SnapshotOptions): Snapshot {
  return {
    ...known,
    async *rows(table) {
      const codec = codecOf(table);
      let after: SqlValue | undefined;
      for (;;) {
        let query = db.selectFrom(table.name).selectAll();
        if (after !== undefined) query = query.where(table.key, '>', after);
        const found = await query.orderBy(table.key).limit(PAGE_ROWS).execute();
        const rows = found.map((row) => codec.decode(row));
        if (rows.length > 0) yield rows;
        if (found.length < PAGE_ROWS) return;
        after = codec.comparable(table.key, rows.at(-1)?.[table.key] as string);
      }
    },
    async counts({ name, dimensions }) {
      const found = await db.selectFrom(name).selectAll().execute();
      return new Map(found.map((row) => [JSON.stringify(dimensions.map((dimension) => row[dimension])), Number(row['count'])]));
    },
  };
}
