import { type Command } from 'commander';
import { agenciesCommand } from './agencies/agencies.command.js';
import { bundleCommand } from './bundle/bundle.command.js';
import { verifyBundleCommand } from './bundle/verify-bundle.command.js';
import { codesCommand } from './codes/codes.command.js';
import { commandGroup } from './command-line/commands.js';
import { reportFailure } from './command-line/report.js';
import { Session, type Surroundings } from './command-line/session.js';
import { words } from './command-line/words.js';
import { disclosureCommand } from './core/disclosure.command.js';
import { statisticsCommand } from './core/statistics.command.js';
import { feedCommand } from './feed/feed.command.js';
import { heldCommand } from './held/held.command.js';
import { keysCommand } from './keys/keys.command.js';
import { exportLogCommand } from './ledger/export-log.command.js';
import { ledgerCommand } from './ledger/ledger.command.js';
import { matrixCommand } from './matrix/matrix.command.js';
import { holdersCommand } from './query/holders.command.js';
import { queryCommand } from './query/query.command.js';
import { reconcileCommand } from './reconcile/reconcile.command.js';
import { rebuildCommand } from './rebuild/rebuild.command.js';
import { recordsCommand } from './records/records.command.js';
import { replayCommand } from './replay/replay.command.js';
import { replicasCommand } from './replicas/replicas.command.js';
import { sandboxCommand } from './sandbox/sandbox.command.js';
import { simulateCommand } from './simulate/simulate.command.js';
import { tokenCommand } from './token/token.command.js';
import { verifyCommand } from './verify/verify.command.js';

/** The whole program, in the language of the session. */
export function buildProgram(session: Session, version: string): Command {
  const say = words(session.language);
  const commands = [
    matrixCommand,
    agenciesCommand,
    codesCommand,
    queryCommand,
    holdersCommand,
    replicasCommand,
    recordsCommand,
    heldCommand,
    feedCommand,
    disclosureCommand,
    statisticsCommand,
    keysCommand,
    tokenCommand,
    ledgerCommand,
    exportLogCommand,
    reconcileCommand,
    bundleCommand,
    verifyBundleCommand,
    verifyCommand,
    rebuildCommand,
    replayCommand,
    sandboxCommand,
    simulateCommand,
  ];
  return commandGroup(
    session,
    'renkei',
    say.program,
    commands.map((make) => make(session)),
  )
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
export async function run(surroundings: Surroundings, version: string): Promise<number> {
  const session = new Session(surroundings);
  const program = buildProgram(session, version);
  try {
    await program.parseAsync([...surroundings.args], { from: 'user' });
    return session.exitCode;
  } catch (error) {
    return reportFailure(error, session, addressed(program, surroundings.args));
  }
}
