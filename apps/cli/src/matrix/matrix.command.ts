import type { Command } from 'commander';
import { commandGroup } from '../command-line/commands.js';
import type { Session } from '../command-line/session.js';
import { diffCommand } from './diff.command.js';
import { explainCommand } from './explain.command.js';
import { exportCommand } from './export.command.js';
import { listCommand } from './list.command.js';
import { matrixTexts } from './matrix.texts.js';

export const matrixCommand = (session: Session): Command =>
  commandGroup(session, 'matrix', matrixTexts(session.language).group, [
    explainCommand(session),
    listCommand(session),
    diffCommand(session),
    exportCommand(session),
  ]);
