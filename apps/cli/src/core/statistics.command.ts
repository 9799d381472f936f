import type { Command } from 'commander';
import type { CountDimension, ExchangeCount, Page } from '#libs/read-models';
import { command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { parseText, parseWholeNumber } from '../names/parse.js';
import { askCore, type CoreOptions, coreOptions } from './core-client.js';
import { type EventStoreOptions, withEventStore } from '../parties/event-store-option.js';
import { statisticsTexts } from '../statistics/statistics.texts.js';
import { coreTexts } from './core.texts.js';

const DIMENSIONS = ['month', 'procedure', 'information', 'requesterClass', 'outcome'] as const satisfies readonly CountDimension[];
const ROWS = 1_000;
const BY = 'month,outcome';
const CURSOR_CHARACTERS_MAX = 512;

interface StatisticsOptions extends CoreOptions, EventStoreOptions {
  readonly by?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: string;
  readonly cursor?: string;
  readonly data?: string;
  readonly top?: string;
  readonly csv?: string;
  readonly charts?: string;
}
/** Options that only one of the two ways knows: asking the core, or counting a record. */
const ASKING = ['by', 'limit', 'cursor', 'core', 'coreId', 'operator', 'key'] as const;
const COUNTING = ['top', 'csv', 'charts', 'eventStore', 'eventStorePasswordFile'] as const;

function checkWay(options: StatisticsOptions, session: Session): void {
  const say = statisticsTexts(session.language);
  const given = (names: readonly (keyof StatisticsOptions)[]): string | undefined => {
    const name = names.find((one) => options[one] !== undefined);
    return name === undefined ? undefined : `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  };
  const wrong = given(options.data === undefined ? COUNTING : ASKING);
  if (wrong === undefined) return;
  if (options.data === undefined) throw new UsageError(wrong, 'with --data', say.needsData(wrong));
  throw new UsageError(wrong, 'without --data', say.withoutData(wrong));
}

function dimensionsOf(text: string, session: Session): readonly CountDimension[] {
  const wanted = text.split(',').map((part) => part.trim());
  const known = DIMENSIONS.filter((dimension) => wanted.includes(dimension));
  if (known.length !== wanted.length) throw new UsageError('--by', DIMENSIONS.join(', '), coreTexts(session.language).badBy);
  return known;
}

function monthOf(option: string, text: string, session: Session): string {
  if (/^\d{4}-(?:0[1-9]|1[0-2])$/.test(text)) return text;
  throw new UsageError(option, 'YYYY-MM', coreTexts(session.language).badMonth(option));
}

export function statisticsCommand(session: Session): Command {
  const { language } = session;
  const say = coreTexts(language);
  const more = statisticsTexts(language);
  return command<StatisticsOptions>(
    session,
    'statistics',
    say.statistics,
    (made) =>
      coreOptions(
        withEventStore(
          made
            .option('--by <dimensions>', `${say.by} [${BY}]`)
            .option('--from <month>', more.from)
            .option('--to <month>', more.to)
            .option('--limit <count>', `${say.limit} [${ROWS}]`)
            .option('--cursor <cursor>', say.cursor)
            .option('--data <directory>', more.data)
            .option('--top <count>', more.top)
            .option('--csv <directory>', more.csv)
            .option('--charts <directory>', more.charts),
          session,
        ),
        'operator',
        session,
      ),
    async (options) => {
      checkWay(options, session);
      if (options.data !== undefined) {
        const { runStatistics } = await import('../statistics/run-statistics.js'); // with the stores, which asking the core needs not
        return runStatistics({ ...options, data: options.data }, session);
      }
      const by = dimensionsOf(options.by ?? BY, session);
      const { from, to, cursor } = options;
      const request = {
        by,
        ...(from === undefined ? {} : { from: monthOf('--from', from, session) }),
        ...(to === undefined ? {} : { to: monthOf('--to', to, session) }),
        limit: parseWholeNumber('--limit', options.limit ?? String(ROWS), { min: 1, max: ROWS }, language),
        ...(cursor === undefined ? {} : { cursor: parseText('--cursor', cursor, language, CURSOR_CHARACTERS_MAX) }),
      };
      const page = await askCore<Page<ExchangeCount>>('/statistics', request, options, 'operator', session);
      session.answer(page, (out) => {
        if (page.rows.length === 0) return out.line(say.none);
        out.table({
          head: [...by.map((dimension) => say[dimension]), say.exchanges],
          rows: page.rows.map((row) => [...by.map((dimension) => row[dimension] ?? ''), row.exchanges.toLocaleString('en-US')]),
          right: [by.length],
        });
        if (page.next !== undefined) out.line(say.next(page.next));
      });
      return EXIT.done;
    },
  );
}
