import { randomBytes } from 'node:crypto';
import { type Kysely, Kysely as KyselyDatabase, sql, type SqliteDatabase, SqliteDialect, type Transaction } from 'kysely';
import Database from 'libsql';
import { type CursorStore, INBOX_TABLE_SQL, type Inbox, kyselyInbox, type SubmitQueryLine } from '#libs/agency-sdk';
import { uuidV7 } from '#libs/kernel';
import { type Decision, decideAllowance, type TaxFacts } from './allowance.js';
import type { Application } from './application.js';

/** new: not sent yet · open: sent · ready: its result waits in the mailbox · received: facts noted · missing: no facts come. */
export type QueryStatus = 'new' | 'open' | 'ready' | 'received' | 'missing';

interface Tables {
  cases: { case_number: string; children: number; period: string };
  queries: {
    exchange_id: string;
    case_number: string;
    person: number;
    in_agency_number: string;
    provider: string;
    status: QueryStatus;
    reason: string | null;
    facts: string | null;
    acknowledged: number;
  };
  /** One row a decision that was made: that a case has no second one is the desk's own doing, and not a key's. */
  decisions: { number?: number; case_number: string; decision: string; monthly_amount: number; reason: string | null };
  cursors: { consumer: string; cursor: string };
}
export type CaseTransaction = Transaction<Tables>;
export interface DecidedCase extends Decision {
  readonly caseNumber: string;
}

const PRAGMAS = ['journal_mode = WAL', 'synchronous = FULL', 'busy_timeout = 5000'];
const SCHEMA = [
  INBOX_TABLE_SQL,
  'CREATE TABLE IF NOT EXISTS cases (case_number text PRIMARY KEY, children integer NOT NULL, period text NOT NULL)',
  `CREATE TABLE IF NOT EXISTS queries (exchange_id text PRIMARY KEY, case_number text NOT NULL, person integer NOT NULL, in_agency_number text NOT NULL,
    provider text NOT NULL, status text NOT NULL, reason text, facts text, acknowledged integer NOT NULL DEFAULT 0, UNIQUE (case_number, person))`,
  'CREATE INDEX IF NOT EXISTS queries_by_status ON queries (status)',
  'CREATE TABLE IF NOT EXISTS decisions (number integer PRIMARY KEY, case_number text NOT NULL, decision text NOT NULL, monthly_amount integer NOT NULL, reason text)',
  'CREATE TABLE IF NOT EXISTS cursors (consumer text PRIMARY KEY, cursor text NOT NULL)',
];

/** What every query of the desk is for. */
export const MATTER = { affair: 'JM99000000000071', procedure: 'JT99000000001007', information: 'TM00000000000002', department: 'child-welfare' } as const;

/** The desk's own database: cases, their queries, decisions, and the SDK's inbox beside them. */
export class CaseFile {
  readonly inbox: Inbox<CaseTransaction>;
  readonly cursor: CursorStore;
  readonly #database: Kysely<Tables>;

  private constructor(database: Kysely<Tables>) {
    this.#database = database;
    this.inbox = kyselyInbox(database);
    this.cursor = {
      load: async () => (await database.selectFrom('cursors').select('cursor').where('consumer', '=', 'feed').executeTakeFirst())?.cursor,
      save: async (cursor) => {
        const row = { consumer: 'feed', cursor };
        await database
          .insertInto('cursors')
          .values(row)
          .onConflict((conflict) => conflict.column('consumer').doUpdateSet({ cursor }))
          .execute();
      },
    };
  }

  /** Opens the file, or makes it. */
  static async open(path: string): Promise<CaseFile> {
    const connection = new Database(path);
    for (const pragma of PRAGMAS) connection.prepare(`PRAGMA ${pragma}`).all();
    const database = new KyselyDatabase<Tables>({ dialect: new SqliteDialect({ database: connection as unknown as SqliteDatabase }) });
    for (const statement of SCHEMA) await sql.raw(statement).execute(database);
    return new CaseFile(database);
  }

  /** Takes applications in, each once: one whose number is known is left as it is. How many are new. */
  take(applications: readonly Application[], nowMs: number): Promise<number> {
    return this.#database.transaction().execute(async (tx) => {
      let taken = 0;
      for (const { caseNumber, children, period, persons } of applications) {
        const row = { case_number: caseNumber, children, period };
        const { numInsertedOrUpdatedRows } = await tx
          .insertInto('cases')
          .values(row)
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows === 0n) continue;
        taken += 1;
        // the exchange's id is durable before the query is sent: sent again, it is the same exchange
        const queries = persons.map(({ inAgencyNumber, provider }, person) => ({
          exchange_id: uuidV7(nowMs, randomBytes(10)),
          case_number: caseNumber,
          person,
          in_agency_number: inAgencyNumber,
          provider,
          status: 'new' as const,
          reason: null,
          facts: null,
          acknowledged: 0,
        }));
        await tx.insertInto('queries').values(queries).execute();
      }
      return taken;
    });
  }

  async linesToSend(limit: number): Promise<readonly SubmitQueryLine[]> {
    const rows = await this.#database
      .selectFrom('queries')
      .innerJoin('cases', 'cases.case_number', 'queries.case_number')
      .select(['exchange_id', 'in_agency_number', 'provider', 'period', 'queries.case_number as applicationId'])
      .where('status', '=', 'new')
      .orderBy('exchange_id')
      .limit(limit)
      .execute();
    return rows.map(({ exchange_id: exchangeId, in_agency_number: inAgencyNumber, ...rest }) => ({
      ...MATTER,
      ...rest,
      exchangeId,
      inAgencyNumber,
      nonDisclosure: false,
    }));
  }

  /** Notes what became of a query; what was noted as final stays, but for a result that comes after an end. False where it is none of the desk's. */
  async note(tx: CaseTransaction | undefined, exchangeId: string, status: QueryStatus, reason: string | null = null): Promise<boolean> {
    const before: readonly QueryStatus[] = status === 'open' ? ['new'] : status === 'ready' ? ['new', 'open', 'missing'] : ['new', 'open'];
    const database = tx ?? this.#database;
    const { numUpdatedRows } = await database
      .updateTable('queries')
      .set({ status, reason })
      .where('exchange_id', '=', exchangeId)
      .where('status', 'in', [...before])
      .executeTakeFirstOrThrow();
    return numUpdatedRows > 0n;
  }

  /** Queries whose result is to be fetched, and those whose result was noted and is still in the mailbox. */
  async resultsToFetch(limit: number): Promise<readonly string[]> {
    const rows = await this.#database.selectFrom('queries').select('exchange_id').where('status', '=', 'ready').orderBy('exchange_id').limit(limit).execute();
    return rows.map(({ exchange_id }) => exchange_id);
  }
  async resultsToAcknowledge(limit: number): Promise<readonly string[]> {
    const received = this.#database.selectFrom('queries').select('exchange_id').where('status', '=', 'received').where('acknowledged', '=', 0);
    return (await received.orderBy('exchange_id').limit(limit).execute()).map(({ exchange_id }) => exchange_id);
  }

  async noteFacts(exchangeId: string, facts: TaxFacts | undefined, reason = 'NO_FACTS'): Promise<void> {
    const found = facts === undefined ? { status: 'missing' as const, reason } : { status: 'received' as const, reason: null, facts: JSON.stringify(facts) };
    await this.#database.updateTable('queries').set(found).where('exchange_id', '=', exchangeId).where('status', '=', 'ready').execute();
  }
  async noteAcknowledged(exchangeIds: readonly string[]): Promise<void> {
    if (exchangeIds.length > 0)
      await this.#database
        .updateTable('queries')
        .set({ acknowledged: 1 })
        .where('exchange_id', 'in', [...exchangeIds])
        .execute();
  }

  /** Decides every case of which all queries have come out, each in a transaction of its own that finds it undecided. */
  async decide(limit: number): Promise<readonly DecidedCase[]> {
    const due = await this.#database
      .selectFrom('cases')
      .select(['case_number', 'children'])
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('queries')
              .select('exchange_id')
              .whereRef('queries.case_number', '=', 'cases.case_number')
              .where('status', 'not in', ['received', 'missing']),
          ),
        ),
      )
      .where(({ not, exists, selectFrom }) => not(exists(selectFrom('decisions').select('number').whereRef('decisions.case_number', '=', 'cases.case_number'))))
      .limit(limit)
      .execute();
    const decided: DecidedCase[] = [];
    for (const { case_number: caseNumber, children } of due) {
      const decision = await this.#database.transaction().execute(async (tx) => {
        const known = await tx.selectFrom('decisions').select('number').where('case_number', '=', caseNumber).executeTakeFirst();
        if (known) return undefined;
        const queries = await tx.selectFrom('queries').select(['facts', 'reason']).where('case_number', '=', caseNumber).orderBy('person').execute();
        const made = decideAllowance(
          children,
          queries.map(({ facts, reason }) => (facts === null ? { missing: reason ?? 'NO_FACTS' } : { facts: JSON.parse(facts) as TaxFacts })),
        );
        const { decision, monthlyAmount, reason } = made;
        await tx
          .insertInto('decisions')
          .values({ case_number: caseNumber, decision, monthly_amount: monthlyAmount, reason: reason ?? null })
          .execute();
        return made;
      });
      if (decision) decided.push({ caseNumber, ...decision });
    }
    return decided;
  }

  async counts(): Promise<{ readonly cases: number; readonly decided: number; readonly acknowledged: number; readonly received: number }> {
    const count = async (query: string): Promise<number> => Number((await sql.raw<{ n: number }>(query).execute(this.#database)).rows[0]?.n ?? 0);
    return {
      cases: await count('SELECT count(*) AS n FROM cases'),
      decided: await count('SELECT count(DISTINCT case_number) AS n FROM decisions'),
      received: await count(`SELECT count(*) AS n FROM queries WHERE status = 'received'`),
      acknowledged: await count('SELECT count(*) AS n FROM queries WHERE acknowledged = 1'),
    };
  }

  async summary(): Promise<readonly { readonly decision: string; readonly cases: number; readonly amount: number }[]> {
    return this.#database
      .selectFrom('decisions')
      .select(({ fn }) => ['decision', fn.countAll<number>().as('cases'), fn.sum<number>('monthly_amount').as('amount')])
      .groupBy('decision')
      .orderBy('decision')
      .execute();
  }

  close(): Promise<void> {
    return this.#database.destroy();
  }
}
