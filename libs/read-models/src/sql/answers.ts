import { sql } from 'kysely';
import { invalid } from '#libs/kernel';
import type { Cursors } from '../cursor.js';
import { exchangeCounts, exchanges } from '../exchange/exchanges.table.js';
import { feedList } from '../feed/feed.answer.js';
import {
  type AgencyRecord,
  type Answer,
  type Ask,
  COUNT_ROWS_MAX,
  type DisclosedExchange,
  type ExchangeCount,
  type ExchangeRecord,
  type IdentifierCount,
  LOOKUP_KEYS_MAX,
  type OpenExchange,
  type OpenQuery,
  type Page,
  PAGE_ROWS_MAX,
  type QuestionName,
  type ReplicaFound,
  type ReplicaLookup,
} from '../questions.js';
import { type IdentifierRow, identifierCounts, identifiers } from '../identifier/identifiers.projection.js';
import { records } from '../record/records.table.js';
import { registerStreams } from '../register/register.projection.js';
import { type ReplicaRow, replicas } from '../replica/replicas.projection.js';
import { type SubjectRow, subjects } from '../subject/subjects.projection.js';
import type { Counter, Row, Table } from '../table.js';
import { bindingOf, checkLimit, newestFirst } from './newest-first.js';
import type { StoredRows } from './stored-rows.js';

/** How each question is answered, and by which projection's rows. */
export type Answers = {
  readonly [N in QuestionName]: { readonly projection: string; answer(stored: StoredRows, question: Ask<N>, cursors: Cursors): Promise<Answer<N>> };
};

const HIDDEN: ReadonlySet<string> = new Set(['person', 'recordKey', 'recordId', 'open', 'answer', 'over', 'disclosableFrom', 'agency']);
const shown = <T>(row: Row): T => Object.fromEntries(Object.entries(row).filter(([name]) => !HIDDEN.has(name))) as T;
const picked = <T extends Row>(row: Row, names: readonly (string & keyof T)[]): T =>
  Object.fromEntries(names.filter((name) => row[name] !== undefined).map((name) => [name, row[name]])) as T;
const shownPage = <T>({ rows, next }: Page<Row>): Page<T> => ({ rows: rows.map((row) => shown<T>(row)), ...(next === undefined ? {} : { next }) });
const oneOf = (value: string | undefined): readonly string[] | undefined => (value === undefined ? undefined : [value]);

async function exchangeList(stored: StoredRows, question: Ask<'exchanges'>, cursors: Cursors): Promise<Page<ExchangeRecord>> {
  const { person, requester, provider, affair, information, outcomes } = question;
  // the narrowest index leads, the rest is looked at row by row
  const by = person !== undefined ? { person } : requester !== undefined ? { requester } : { provider };
  const filters = { affair: oneOf(affair), information: oneOf(information), status: outcomes, requester: oneOf(requester), provider: oneOf(provider) };
  const rest = Object.fromEntries(Object.entries(filters).filter(([column]) => !(column in by)));
  return shownPage(await newestFirst(stored, 'exchanges', question, { table: exchanges, time: 'requestedAt', by, filters: rest }, cursors));
}

/** Rows of a partial index over `open`, in the order of their keys. */
async function openRows(
  stored: StoredRows,
  table: Table,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
  by: Readonly<Record<string, string>> = {},
): Promise<readonly Row[]> {
  checkLimit(limit, PAGE_ROWS_MAX);
  const codec = stored.codecOf(table.name);
  let query = stored.reader
    .selectFrom(table.name)
    .selectAll()
    .where(sql.ref('open'), '=', sql.lit(codec.comparable('open', true)));
  for (const [column, value] of Object.entries(by)) query = query.where(column, '=', codec.comparable(column, value));
  if (after !== undefined) query = query.where(table.key, '>', codec.comparable(table.key, after));
  const found = await query.orderBy(table.key).limit(limit).execute();
  return found.map((row) => codec.decode(row));
}

const OPEN_EXCHANGE = ['exchangeId', 'requester', 'provider', 'status', 'validUntil', 'decidedAt', 'revision'] as const;
const OPEN_QUERY = ['exchangeId', 'agency', 'counterpart', 'status', 'validUntil', 'revision'] as const;
const DISCLOSED = [
  'exchangeId',
  'requestedAt',
  'decidedAt',
  'providedAt',
  'requester',
  'requesterInstitution',
  'provider',
  'providerInstitution',
  'affair',
  'procedure',
  'information',
  'dataset',
  'period',
  'items',
  'status',
  'reason',
  'article',
] as const;

/**
 * The person's view: no sealed row, none that may yet be sealed, and nothing that tells of them. What is left out is left
 * out before rows are counted into pages, so that no page is short and no cursor leads to nothing.
 */
async function disclosure(stored: StoredRows, question: Ask<'disclosure'>, cursors: Cursors): Promise<Page<DisclosedExchange>> {
  const { person, now, limit, cursor } = question;
  checkLimit(limit, PAGE_ROWS_MAX);
  const codec = stored.codecOf(exchanges.name);
  const binding = bindingOf('disclosure', { person });
  let query = stored.reader
    .selectFrom(exchanges.name)
    .selectAll()
    .where('person', '=', codec.comparable('person', person))
    .where('sealed', '=', codec.comparable('sealed', false))
    .where('disclosableFrom', '<=', codec.comparable('disclosableFrom', now));
  if (cursor !== undefined) {
    const [time, id] = cursors.open(binding, cursor) as [number, string];
    query = query.where(sql<boolean>`(${sql.ref('requestedAt')}, ${sql.ref('exchangeId')}) < (${time}, ${codec.comparable('exchangeId', id)})`);
  }
  const found = await query
    .orderBy('requestedAt', 'desc')
    .orderBy('exchangeId', 'desc')
    .limit(limit + 1)
    .execute();
  const rows = found.slice(0, limit).map((row) => codec.decode(row));
  const last = found.length > limit ? rows.at(-1) : undefined;
  return {
    rows: rows.map((row) => picked<DisclosedExchange>(row, DISCLOSED)),
    ...(last ? { next: cursors.seal(binding, [Date.parse(last['requestedAt'] as string), last['exchangeId'] as string]) } : {}),
  };
}

async function registerStreamList(stored: StoredRows, { after, limit }: Ask<'registerStreams'>): Promise<readonly string[]> {
  checkLimit(limit, PAGE_ROWS_MAX);
  let query = stored.reader.selectFrom(registerStreams.name).select('stream');
  if (after !== undefined) query = query.where('stream', '>', after);
  const found = await query.orderBy('stream').limit(limit).execute();
  return found.map(({ stream }) => stream as string);
}

/** Sums of a counter by some of its dimensions, in their order. */
async function counts(
  stored: StoredRows,
  counter: Counter,
  {
    by,
    as,
    where,
  }: { readonly by: readonly string[]; readonly as: string; readonly where: readonly (readonly [string, '=' | '>=' | '<=', string | undefined])[] },
  { limit, cursor, binding }: { readonly limit: number; readonly cursor?: string | undefined; readonly binding: string },
  cursors: Cursors,
): Promise<Page<Row>> {
  checkLimit(limit, COUNT_ROWS_MAX);
  const [after = 0] = cursor === undefined ? [] : cursors.open(binding, cursor);
  let query = stored.reader.selectFrom(counter.name).select([...by, sql<number>`cast(sum(${sql.ref('count')}) as bigint)`.as(as)]);
  for (const [column, operator, value] of where) if (value !== undefined) query = query.where(column, operator, value);
  for (const dimension of by) query = query.groupBy(dimension).orderBy(dimension);
  const found = await query
    .limit(limit + 1)
    .offset(Number(after))
    .execute();
  return { rows: found.slice(0, limit), ...(found.length > limit ? { next: cursors.seal(binding, [Number(after) + limit]) } : {}) };
}

async function statistics(stored: StoredRows, question: Ask<'statistics'>, cursors: Cursors): Promise<Page<ExchangeCount>> {
  const { by, from, to } = question;
  const dimensions = exchangeCounts.dimensions.filter((dimension) => by.includes(dimension));
  if (dimensions.length === 0 || dimensions.length !== by.length) {
    throw invalid('by', 'dimensions', `by names each of ${exchangeCounts.dimensions.join(', ')} once at most, one at least`);
  }
  const where = [['month', '>=', from] as const, ['month', '<=', to] as const];
  const binding = bindingOf('statistics', question);
  return (await counts(stored, exchangeCounts, { by: dimensions, as: 'exchanges', where }, { ...question, binding }, cursors)) as Page<ExchangeCount>;
}

async function identifierCountList(stored: StoredRows, question: Ask<'identifierCounts'>, cursors: Cursors): Promise<Page<IdentifierCount>> {
  const { dimensions } = identifierCounts;
  const where = [['holder', '=', question.holder] as const];
  const binding = bindingOf('identifierCounts', question);
  const page: Page<unknown> = await counts(stored, identifierCounts, { by: dimensions, as: 'identifiers', where }, { ...question, binding }, cursors);
  return page as Page<IdentifierCount>;
}

async function identifierList(stored: StoredRows, question: Ask<'identifiers'>, cursors: Cursors): Promise<Page<IdentifierRow>> {
  const { holder, status } = question;
  const listing = { table: identifiers, time: 'issuedAt', by: { holder }, filters: { status: oneOf(status) } };
  const page: Page<unknown> = await newestFirst(stored, 'identifiers', question, listing, cursors);
  return page as Page<IdentifierRow>;
}

async function recordList(stored: StoredRows, question: Ask<'records'>, cursors: Cursors): Promise<Page<AgencyRecord>> {
  const { agency, role, subject, counterpart, affair, information, outcomes } = question;
  const filters = { role: oneOf(role), counterpart: oneOf(counterpart), affair: oneOf(affair), information: oneOf(information), status: outcomes };
  const chosen = subject === undefined ? { by: { agency }, filters } : { by: { subject }, filters: { ...filters, agency: [agency] } };
  const listing = { table: records, time: 'requestedAt', ...chosen };
  return shownPage(await newestFirst(stored, 'records', question, listing, cursors));
}

async function heldProvisions(stored: StoredRows, question: Ask<'heldProvisions'>, cursors: Cursors): Promise<Page<AgencyRecord>> {
  const { agency, limit, cursor } = question;
  checkLimit(limit, PAGE_ROWS_MAX);
  const binding = bindingOf('heldProvisions', question);
  const after = cursor === undefined ? undefined : (cursors.open(binding, cursor)[0] as string);
  // one row more than can be asked for would be refused: ask again instead
  const rows = await openRows(stored, records, { after, limit }, { role: 'provider', agency });
  const next = rows.length === limit ? cursors.seal(binding, [rows.at(-1)?.['recordId'] as string]) : undefined;
  return { rows: rows.map((row) => shown<AgencyRecord>(row)), ...(next === undefined ? {} : { next }) };
}

/** What one row says to one question. */
function answerOf(row: ReplicaRow | undefined, { agency, information, dataset, period }: ReplicaLookup): ReplicaFound | undefined {
  if (row?.agency !== agency) return undefined;
  const found = Object.entries(row.held).flatMap(([name, [revision, layout]]) => {
    const [ofInformation, ofDataset = '', ...rest] = name.split('/');
    const ofPeriod = rest.join('/');
    if (ofInformation !== information || (dataset !== undefined && ofDataset !== dataset) || (period !== undefined && ofPeriod !== period)) return [];
    return [{ dataset: ofDataset, revision, layout, ...(ofPeriod === '' ? {} : { period: ofPeriod }) }];
  });
  const blocked = row.blocked?.includes('') ? 'SUBJECT_BLOCKED' : row.blocked?.includes(information) ? 'RECORD_BLOCKED' : undefined;
  const nonDisclosure = row.sealed?.some((scope) => scope === '' || scope === information) ?? false;
  return { revision: row.revision, nonDisclosure, replicas: found, ...(blocked ? { blocked } : {}) };
}

function checkKeys(keys: readonly unknown[]): void {
  if (keys.length > LOOKUP_KEYS_MAX) throw invalid('keys', `0..${LOOKUP_KEYS_MAX}`, `a lookup takes at most ${LOOKUP_KEYS_MAX} keys`);
}

/**
 * By the identifier in force first: what is reissued between the two lookups moves from the one column to the other, and
 * is then found by the second. The newer state of a person counts.
 */
async function findSubjects(stored: StoredRows, { keys }: Ask<'subjects'>): Promise<Answer<'subjects'>> {
  checkKeys(keys);
  const wanted = [...new Set(keys.map(({ identifierKey }) => identifierKey))];
  const found = new Map<string, SubjectRow>();
  for (const column of ['identifierKey', 'formerKey'] as const) {
    for (const row of (await stored.rowsBy(subjects, column, wanted)) as readonly Row[] as readonly SubjectRow[]) {
      const key = row[column] as string;
      const known = found.get(key);
      if (!known || (known.subject === row.subject && known.revision < row.revision)) found.set(key, row);
    }
  }
  return keys.map(({ agency, identifierKey }) => {
    const row = found.get(identifierKey);
    if (row?.agency !== agency) return undefined;
    return { subject: row.subject, fieldRevision: row.fieldRevision, revision: row.revision, inForce: row.identifierKey === identifierKey };
  });
}

async function findReplicas(stored: StoredRows, { keys }: Ask<'replicas'>): Promise<Answer<'replicas'>> {
  checkKeys(keys);
  const rows = (await stored.rowsBy(replicas, 'subject', [...new Set(keys.map(({ subject }) => subject))])) as readonly Row[] as readonly ReplicaRow[];
  const found = new Map(rows.map((row) => [row.subject, row]));
  return keys.map((key) => answerOf(found.get(key.subject), key));
}

export const answers: Answers = {
  exchanges: { projection: 'exchanges', answer: exchangeList },
  openExchanges: {
    projection: 'exchanges',
    answer: async (stored, question) => (await openRows(stored, exchanges, question)).map((row) => picked<OpenExchange>(row, OPEN_EXCHANGE)),
  },
  disclosure: { projection: 'exchanges', answer: disclosure },
  statistics: { projection: 'exchanges', answer: statistics },
  identifiers: { projection: 'identifiers', answer: identifierList },
  identifierCounts: { projection: 'identifiers', answer: identifierCountList },
  registerStreams: { projection: 'register', answer: registerStreamList },
  records: { projection: 'records', answer: recordList },
  heldProvisions: { projection: 'records', answer: heldProvisions },
  openQueries: {
    projection: 'records',
    answer: async (stored, { after, limit }) => {
      const from = after === undefined ? undefined : `${after.replaceAll('-', '')}00`;
      return (await openRows(stored, records, { after: from, limit }, { role: 'requester' })).map((row) => picked<OpenQuery>(row, OPEN_QUERY));
    },
  },
  replicas: { projection: 'replicas', answer: findReplicas },
  subjects: { projection: 'subjects', answer: findSubjects },
  feed: { projection: 'feed', answer: feedList },
};
