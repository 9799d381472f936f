import { type Kysely, sql, type Transaction } from 'kysely';
import type { InboxBench } from './inbox.contract.js';
import { INBOX_TABLE_SQL, kyselyInbox } from './kysely-inbox.js';

interface Tables {
  texts: { id?: number; text: string };
}

/** An inbox bench in a database that is empty, of either kind. */
export async function kyselyBench(database: Kysely<Tables>, serial: string, close: () => Promise<void>): Promise<InboxBench<Transaction<Tables>>> {
  await sql.raw(INBOX_TABLE_SQL).execute(database);
  await sql.raw(`CREATE TABLE texts (id ${serial}, text text NOT NULL)`).execute(database);
  return {
    inbox: kyselyInbox(database),
    other: kyselyInbox(database, { consumer: 'other' }),
    write: async (tx, text) => void (await tx.insertInto('texts').values({ text }).execute()),
    texts: async () => (await database.selectFrom('texts').select('text').orderBy('id').execute()).map(({ text }) => text),
    close: async () => {
      await database.destroy();
      await close();
    },
  };
}
