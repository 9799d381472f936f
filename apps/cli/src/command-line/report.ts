import { CommanderError } from 'commander';
import { EXIT, type ExitCode } from './exit-codes.js';
import { printFacts } from './facts.js';
import { type Failure, failureOf } from './failures.js';
import type { Session } from './session.js';
import { words } from './words.js';

/** What commander quotes in its message. */
const quoted = (message: string): readonly string[] => [...message.matchAll(/'([^']*)'/g)].map(([, text]) => text ?? '');

/** The long form of an option as commander writes it, e.g. `-f, --file <path>`. */
const longForm = (flags: string): string => /--[\w-]+/.exec(flags)?.[0] ?? flags;

/** A mistake on the command line, in the session's language. */
function failureOfCommander(error: CommanderError, session: Session): Failure {
  const say = words(session.language);
  const [first = '', second = ''] = quoted(error.message);
  const option = longForm(first);
  const suggestion = /\(Did you mean (.+?)\?\)/.exec(error.message)?.[1];
  const told = (message: string, rule: string, at = option): Failure => ({
    exit: EXIT.usage,
    code: 'USAGE',
    message: suggestion === undefined ? message : `${message} ${say.didYouMean(suggestion)}`,
    option: at,
    rule,
  });
  switch (error.code) {
    case 'commander.unknownOption':
      return told(say.unknownOption(option), 'known');
    case 'commander.unknownCommand':
      return told(say.unknownCommand(first), 'known', first);
    case 'commander.optionMissingArgument':
      return told(say.missingValue(option), 'has a value');
    case 'commander.missingMandatoryOptionValue':
      return told(say.missingOption(option), 'given');
    case 'commander.missingArgument':
      return told(say.missingArgument(first), 'given', first);
    case 'commander.excessArguments':
      return { exit: EXIT.usage, code: 'USAGE', message: say.tooMany, rule: 'no more arguments' };
    case 'commander.invalidArgument':
      return told(`${say.badChoice(option)} ${/Allowed choices are (.+)\.$/.exec(error.message)?.[1] ?? ''}`.trimEnd(), 'one of those allowed');
    case 'commander.conflictingOption':
      return told(say.conflict(option, longForm(second)), 'alone');
    default:
      return { exit: EXIT.usage, code: 'USAGE', message: error.message.replace(/^error: /, '') };
  }
}

function print(failure: Failure, session: Session, commandName: string): void {
  const { exit: _, ...told } = failure;
  if (session.json) {
    session.err.line(JSON.stringify({ error: told }));
    return;
  }
  const say = words(session.language);
  const { err } = session;
  const message = failure.code === 'FAULT' ? say.fault(failure.message) : failure.message;
  err.paragraph(`renkei: ${message}`, { dress: err.style.red });
  if (failure.candidates !== undefined) {
    err.line(say.meant);
    printFacts(
      err,
      failure.candidates.map(({ code, name }) => [code, name] as const),
    );
  }
  if (failure.exit === EXIT.usage && failure.candidates === undefined) err.paragraph(say.more(commandName), { dress: err.style.dim });
}

/** Tells what went wrong, and gives the code to end with. */
export function reportFailure(error: unknown, session: Session, commandName: string): ExitCode {
  if (error instanceof CommanderError) {
    if (error.code === 'commander.helpDisplayed' || error.code === 'commander.version') return EXIT.done;
    if (error.code === 'commander.help') return EXIT.usage; // a group alone: its help was shown
    const failure = failureOfCommander(error, session);
    print(failure, session, commandName);
    return failure.exit;
  }
  const failure = failureOf(error, session.language);
  print(failure, session, commandName);
  return failure.exit;
}
