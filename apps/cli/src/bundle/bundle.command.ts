import type { Command } from 'commander';
import { command } from '../command-line/commands.js';
import type { Session } from '../command-line/session.js';
import { withEventStore } from '../parties/event-store-option.js';
import { bundleTexts } from './bundle.texts.js';
import type { BundleOptions } from './make-bundle.js';

export function bundleCommand(session: Session): Command {
  const say = bundleTexts(session.language);
  return command<BundleOptions>(
    session,
    'bundle',
    say.bundle,
    (made) =>
      withEventStore(made, session)
        .option('--exchange <id>', say.exchange)
        .option('--person <agency:number>', say.person)
        .option('--agency <who>', say.agency)
        .option('--period <from..to>', say.period)
        .requiredOption('--data <directory>', say.data)
        .option('--keys <directory>', say.keys)
        .requiredOption('--out <file>', say.out)
        .option('--disclose', say.disclose),
    async (options) => (await import('./make-bundle.js')).makeBundle(options, session), // with stores and Nest
  );
}
