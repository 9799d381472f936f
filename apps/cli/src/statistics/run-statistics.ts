import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { countHistory, type CountPeriod, PERCENTILE_ERROR, type Statistics } from '#libs/audit';
import { DomainError, isCalendarDay, plusDays } from '#libs/kernel';
import { grouped, type Progress, type Terminal } from '#libs/terminal';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { parseWholeNumber } from '../names/parse.js';
import type { EventStoreOptions } from '../parties/event-store-option.js';
import { locationOf } from '../parties/location-of.js';
import type { PartyDirectory } from '../parties/party-directory.js';
import { coreIn } from '../parties/core-in.js';
import { lastDay } from './charts.js';
import { statisticsTexts } from './statistics.texts.js';
import { type TableName, TABLES, tablesOf, unusedGrants } from './tables.js';

export interface DataOptions extends EventStoreOptions {
  readonly data: string;
  readonly from?: string;
  readonly to?: string;
  readonly top?: string;
  readonly csv?: string;
  readonly charts?: string;
}
const [TOP, TOP_MAX] = [10, 10_000];
/** What a reader of the record meets where it is damaged. */
const DAMAGE = new Set(['EVENT_DAMAGED', 'STORE_UNAVAILABLE']);

/** One run of `renkei statistics --data`; resolves to how the program ends. */
export async function runStatistics(options: DataOptions, session: Session): Promise<ExitCode> {
  const { language } = session;
  const say = statisticsTexts(language);
  const period = periodOf(options, session);
  const top = options.top === undefined ? TOP : parseWholeNumber('--top', options.top, { min: 1, max: TOP_MAX }, language);
  const party = coreIn(options, session);
  const statistics = await counted(party, period, session).catch((error: unknown) => {
    if (error instanceof DomainError && DAMAGE.has(error.code)) session.note(say.seeVerify(options.data));
    throw error;
  });
  session.answer(statistics, (out) => print(out, statistics, top, session));
  if (options.csv !== undefined) write(options.csv, csvOf(statistics, session), session);
  if (options.charts !== undefined) {
    const { chartsOf } = await import('./charts.js');
    write(options.charts, chartsOf(statistics, top, language), session);
  }
  return EXIT.done;
}

async function counted(party: PartyDirectory, period: CountPeriod, session: Session): Promise<Statistics> {
  let bar: Progress | undefined;
  try {
    return await countHistory({
      location: locationOf(party),
      ...period,
      onProgress(done, total) {
        if (session.json) return;
        bar ??= session.err.progress(statisticsTexts(session.language).counting, total, { rate: true });
        bar.update(done);
      },
    });
  } finally {
    bar?.stop();
  }
}

/** Months and days, both included, as the days that are counted. */
function periodOf(options: DataOptions, session: Session): CountPeriod {
  const from = options.from === undefined ? undefined : firstDayOf('--from', options.from, session);
  const to = options.to === undefined ? undefined : dayBehind('--to', options.to, session);
  if (from !== undefined && to !== undefined && to <= from) throw new UsageError('--to', 'not before --from', statisticsTexts(session.language).reversed);
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function firstDayOf(option: string, text: string, session: Session): string {
  const day = /^\d{4}-\d{2}$/.test(text) ? `${text}-01` : text;
  if (!isCalendarDay(day)) throw new UsageError(option, 'YYYY-MM or YYYY-MM-DD', statisticsTexts(session.language).badDate(option));
  return day;
}
function dayBehind(option: string, text: string, session: Session): string {
  const day = firstDayOf(option, text, session);
  if (day === text) return plusDays(day, 1);
  const [year = 0, month = 0] = text.split('-').map(Number);
  return month === 12 ? `${year + 1}-01-01` : `${text.slice(0, 5)}${String(month + 1).padStart(2, '0')}-01`;
}

function print(out: Terminal, statistics: Statistics, top: number, { language }: Session): void {
  const say = statisticsTexts(language);
  const { record, total, period, late, grants } = statistics;
  if (total.queries === 0) return out.line(record.first === undefined ? say.empty : say.emptyPeriod(record.first, record.last ?? ''));
  out.heading(say.heading(period.from ?? record.first ?? '', lastDay(statistics)));
  out.line(say.total(grouped(total.queries), grouped(total.provisions)));
  if (late > 0) out.line(say.late(grouped(late)));
  const tables = tablesOf(statistics, language);
  const unused = unusedGrants(statistics).length;
  for (const name of TABLES) {
    const { head, right, rows } = tables[name];
    const all = name === 'grants' ? rows.slice(0, unused) : rows;
    // months are the history itself: all of them
    const shown = name === 'months' ? all : all.slice(0, top);
    if (all.length === 0 && name !== 'grants') continue;
    out.line();
    out.heading(say[name]);
    if (name === 'grants') out.paragraph(grantsTold(grants, language));
    if (shown.length > 0) out.table({ head, right, rows: shown.map(({ cells }) => cells) });
    if (shown.length < all.length) out.paragraph(say.more(grouped(shown.length), grouped(all.length)), { dress: out.style.dim });
    if (name === 'answerTimes') out.paragraph(say.errorTold(String(PERCENTILE_ERROR * 100)), { dress: out.style.dim });
  }
}

function grantsTold(grants: Statistics['grants'], language: Session['language']): string {
  const counts = (['used', 'unused', 'not-open', 'no-participant'] as const).map((state) => grouped(grants.filter((grant) => grant.state === state).length));
  const [used = '', unused = '', notOpen = '', nobody = ''] = counts;
  return statisticsTexts(language).grantsTold(grouped(grants.length), used, unused, notOpen, nobody);
}

const FILES: Readonly<Record<TableName, string>> = {
  months: 'months.csv',
  procedures: 'procedures.csv',
  informations: 'informations.csv',
  classes: 'classes.csv',
  uses: 'uses.csv',
  grants: 'grants.csv',
  unanswered: 'unanswered.csv',
  refusals: 'refusals.csv',
  answerTimes: 'answer-times.csv',
};
function csvOf(statistics: Statistics, { language }: Session): Readonly<Record<string, string>> {
  const tables = tablesOf(statistics, language);
  return Object.fromEntries(
    TABLES.map((name) => {
      const { columns, rows } = tables[name];
      // a word of the record that a spreadsheet would take for a formula is only a word
      const options = { header: true, columns: [...columns], escape_formulas: true, cast: { boolean: String } };
      return [FILES[name], stringify(rows.map(({ record }) => record) as Record<string, unknown>[], options)];
    }),
  );
}

function write(directory: string, files: Readonly<Record<string, string>>, session: Session): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  session.note(statisticsTexts(session.language).written(String(Object.keys(files).length), directory));
}
