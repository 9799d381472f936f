import type { Command } from 'commander';
import { diffRows } from '#libs/domain';
import { unreadOfDraft2026 } from '#libs/reference-data';
import { command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import type { Session } from '../command-line/session.js';
import { matrixTexts } from './matrix.texts.js';
import { tableNamed } from './which-table.js';

export function diffCommand(session: Session): Command {
  const { language } = session;
  const say = matrixTexts(language);
  return command(
    session,
    'diff',
    say.diff,
    (made) => made.argument('<before>', say.before).argument('<after>', say.after),
    (_options, [first = '', second = '']) => {
      const [before, after] = [tableNamed('<before>', first, language), tableNamed('<after>', second, language)];
      const differences = diffRows(before, after);
      const removed = differences.filter(({ change }) => change === 'removed').length;
      const json = { before: before.version, after: after.version, removed, added: differences.length - removed, differences };
      session.answer(json, (out) => {
        out.heading(say.diffHeading(before.version, after.version, removed, differences.length - removed));
        if (differences.length === 0) return out.line(say.same);
        out.table({
          head: [say.change, say.asItem, say.asRequester, say.asProvider, say.asInformation],
          rows: differences.map((row) => [row.change === 'added' ? '+' : '-', row.item, row.requesterWords, row.providerWords, row.informationWords]),
        });
      });
      const unread = unreadOfDraft2026().length;
      if ((before.draft || after.draft) && unread > 0) session.note(say.unread(unread));
      return EXIT.done;
    },
  );
}
