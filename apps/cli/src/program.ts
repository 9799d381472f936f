import { type Command } from 'commander';
import { agenciesCommand } from './agencies/agencies.command.js';
import { codesCommand } from './codes/codes.command.js';
import { commandGroup } from './command-line/commands.js';
import type { ExitCode } from './command-line/exit-codes.js';
import { reportFailure } from './command-line/report.js';
import { Session, type Surroundings } from './command-line/session.js';
import { words } from './command-line/words.js';
import { matrixCommand } from './matrix/matrix.command.js';

/** The whole program, in the language of the session. */
export function buildProgram(session: Session, version: string): Command {
  const say = words(session.language);
  return commandGroup(session, 'renkei', say.program, [matrixCommand(session), agenciesCommand(session), codesCommand(session)])
    .version(version, '--version', say.version)
    .addHelpText('after', `\n${say.exitCodes}`);
}

/** Names of the command that the arguments lead to, e.g. `renkei matrix list`: whose help is worth reading. */
function addressed(program: Command, args: readonly string[]): string {
  const names = [program.name()];
  let at = program;
  for (const argument of args) {
    const next = at.commands.find((candidate) => candidate.name() === argument);
    if (next === undefined) continue;
    names.push(argument);
    at = next;
  }
  return names.join(' ');
}

/** One run: parses, does, tells what went wrong. Never rejects; resolves to how the program ends. */
export async function run(surroundings: Surroundings, version: string): Promise<ExitCode> {
  const session = new Session(surroundings);
  const program = buildProgram(session, version);
  try {
    await program.parseAsync([...surroundings.args], { from: 'user' });
    return session.exitCode;
  } catch (error) {
    return reportFailure(error, session, addressed(program, surroundings.args));
  }
}
