import type { Command } from 'commander';
import { choice, command } from '../command-line/commands.js';
import type { Session } from '../command-line/session.js';
import { withEventStore } from '../parties/event-store-option.js';
import { partiesTexts } from '../parties/parties.texts.js';
import { CHART_BY, LIMIT, type Options } from './replay-options.js';
import { replayTexts } from './replay.texts.js';

export function replayCommand(session: Session): Command {
  const say = replayTexts(session.language);
  return command<Options>(
    session,
    'replay',
    say.replay,
    (made) =>
      withEventStore(made, session)
        .requiredOption('--data <directory>', partiesTexts(session.language).data)
        .option('--from <day>', say.from)
        .option('--to <day>', say.to)
        .option('--agency <who>', say.agency)
        .option('--affair <affair>', say.affair)
        .option('--exchange <id>', say.exchange)
        .option('--matrix <file>', say.matrix)
        .option('--as-of <day>', say.asOf)
        .option('--csv <file>', say.csv)
        .option('--chart <file>', say.chart)
        .addOption(choice('--chart-by <what>', say.chartBy, CHART_BY))
        .option('--limit <count>', say.limit, String(LIMIT)),
    async (options) => {
      const { runReplay } = await import('./run-replay.js'); // with the stores, which other commands need not
      return runReplay(options, session);
    },
  );
}
