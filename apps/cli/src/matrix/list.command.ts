import type { Command } from 'commander';
import { referenceHistory } from '#libs/reference-data';
import { command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { parseDay } from '../names/parse.js';
import { matrixTexts } from './matrix.texts.js';
import { type RowFilter, rowsOf } from './rows.js';
import { newestInForce, tableNamed, untilOf } from './which-table.js';

interface ListOptions extends RowFilter {
  readonly on?: string;
  readonly table?: string;
}

export function listCommand(session: Session): Command {
  const { language } = session;
  const say = matrixTexts(language);
  return command<ListOptions>(
    session,
    'list',
    say.list,
    (made) =>
      made
        .option('--on <day>', `${say.on} (${say.newest})`)
        .option('--table <version>', say.tableListed)
        .option('--item <item>', say.item)
        .option('--requester <who>', say.rowsOfRequester)
        .option('--provider <words>', say.rowsOfProvider)
        .option('--information <what>', say.rowsOfInformation),
    (options) => {
      const matrix = tableOf(options);
      const rows = rowsOf(matrix, options, language);
      const { version, effectiveFrom, draft } = matrix;
      const until = untilOf(matrix);
      const json = { table: version, effectiveFrom, ...(until === undefined ? {} : { until }), draft, rows };
      session.answer(json, (out) => {
        out.heading(draft ? say.draftHeading(version, rows.length) : say.heading(version, effectiveFrom, until ?? '', rows.length));
        if (rows.length === 0) return out.line(say.noRows);
        // an item and its requester stand once, above their grants
        out.table({
          head: [say.asItem, say.asRequester, say.asProvider, say.asInformation],
          rows: rows.map((row, index) => {
            const again = rows[index - 1]?.item === row.item;
            const sameProvider = again && rows[index - 1]?.providerWords === row.providerWords;
            return [
              again ? '' : row.item,
              again ? '' : row.requesterWords,
              sameProvider ? '' : row.providerWords,
              `${row.informationWords} (${row.informationCode})`,
            ];
          }),
        });
      });
      return rows.length === 0 ? EXIT.no : EXIT.done;
    },
  );

  function tableOf({ on, table }: ListOptions): ReturnType<typeof tableNamed> {
    if (table !== undefined) return tableNamed('--table', table, language);
    if (on === undefined) return newestInForce().matrix;
    const day = parseDay('--on', on, language);
    const found = referenceHistory().on(day);
    if (found === undefined) throw new UsageError('--on', 'a day with a table in force', say.noTableOn('--on', day));
    return found;
  }
}
