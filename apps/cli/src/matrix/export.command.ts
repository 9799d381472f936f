import type { Command } from 'commander';
import { referenceEnactments } from '#libs/reference-data';
import { command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import type { Session } from '../command-line/session.js';
import { matrixTexts } from './matrix.texts.js';
import { tableNamed } from './which-table.js';

/** A whole version as the core enacts it and `renkei replay --matrix` reads it: a draft begins as a copy that is changed. */
export function exportCommand(session: Session): Command {
  const say = matrixTexts(session.language);
  return command(
    session,
    'export',
    say.export,
    (made) => made.argument('<version>', say.before),
    (_options, [name = '']) => {
      const { version } = tableNamed('<version>', name, session.language);
      const enactment = referenceEnactments().find((candidate) => candidate.version === version);
      if (enactment === undefined) throw new Error(`the reference data holds no ${version}`);
      session.answer(enactment, (out) => out.line(JSON.stringify(enactment, undefined, 1)));
      return EXIT.done;
    },
  );
}
