import type { Command } from 'commander';
import type { CountDimension, ExchangeCount, Page } from '#libs/read-models';
import { command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { parseText, parseWholeNumber } from '../names/parse.js';
import { askCore, type CoreOptions, coreOptions } from './core-client.js';
import { coreTexts } from './core.texts.js';

const DIMENSIONS = ['month', 'procedure', 'information', 'requesterClass', 'outcome'] as const satisfies readonly CountDimension[];
const ROWS = 1_000;
const CURSOR_CHARACTERS_MAX = 512;

interface StatisticsOptions extends CoreOptions {
  readonly by: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: string;
  readonly cursor?: string;
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
  return command<StatisticsOptions>(
    session,
    'statistics',
    say.statistics,
    (made) =>
      coreOptions(
        made
          .option('--by <dimensions>', say.by, 'month,outcome')
          .option('--from <month>', say.fromMonth)
          .option('--to <month>', say.toMonth)
          .option('--limit <count>', say.limit, String(ROWS))
          .option('--cursor <cursor>', say.cursor),
        'operator',
        session,
      ),
    async (options) => {
      const by = dimensionsOf(options.by, session);
      const { from, to, cursor } = options;
      const request = {
        by,
        ...(from === undefined ? {} : { from: monthOf('--from', from, session) }),
        ...(to === undefined ? {} : { to: monthOf('--to', to, session) }),
        limit: parseWholeNumber('--limit', options.limit, { min: 1, max: ROWS }, language),
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
