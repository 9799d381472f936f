import type { Kysely } from 'kysely';
import type { Inbox } from './inbox.js';

export const INBOX_TABLE = 'renkei_inbox';
const CONSUMER_DEFAULT = 'default';

/** The table of an inbox, for an agency's own migrations. The same in SQLite and PostgreSQL. */
export const INBOX_TABLE_SQL = `CREATE TABLE IF NOT EXISTS ${INBOX_TABLE} (
  consumer text NOT NULL,
  source text NOT NULL,
  id text NOT NULL,
  handled_at text NOT NULL,
  PRIMARY KEY (consumer, source, id)
)`;

/** A database as kysely opens it: `Kysely<…>` is one. */
export interface TransactionalDatabase<Tx> {
  transaction(): { execute<T>(work: (tx: Tx) => Promise<T>): Promise<T> };
}
export interface KyselyInboxOptions {
  /** Whose notes: another consumer, or a replay that shall do its work anew, takes another name (`default`). */
  readonly consumer?: string;
}
interface InboxTables {
  readonly [INBOX_TABLE]: { readonly consumer: string; readonly source: string; readonly id: string; readonly handled_at: string };
}

/**
 * An inbox in the agency's own database, SQLite or PostgreSQL, through kysely: `work` gets kysely's transaction. The table
 * (INBOX_TABLE_SQL) is the agency's to make. A row may be deleted once its event can come no more: the topic's retention,
 * and any replay, are over.
 */
export function kyselyInbox<Tx>(database: TransactionalDatabase<Tx>, { consumer = CONSUMER_DEFAULT }: KyselyInboxOptions = {}): Inbox<Tx> {
  return {
    once: ({ source, id }, work) =>
      database.transaction().execute(async (tx) => {
        // in PostgreSQL this waits for a transaction that is noting the same event
        const { numInsertedOrUpdatedRows } = await (tx as unknown as Kysely<InboxTables>)
          .insertInto(INBOX_TABLE)
          .values({ consumer, source, id, handled_at: new Date().toISOString() })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows === 0n) return 'duplicate';
        await work(tx);
        return 'handled';
      }),
  };
}
