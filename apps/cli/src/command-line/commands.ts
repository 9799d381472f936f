import { Command, type Help, Option } from 'commander';
import { LANGUAGES, widthOf, wrap } from '#libs/terminal';
import type { ExitCode } from './exit-codes.js';
import type { Session } from './session.js';
import { words } from './words.js';

/** Help in the session's language, by display width. */
function dressed(command: Command, session: Session): Command {
  const say = words(session.language);
  const titles: Readonly<Record<string, string>> = {
    'Usage:': say.usage,
    'Options:': say.options,
    'Commands:': say.commands,
    'Arguments:': say.arguments,
  };
  const help: Partial<Help> = {
    helpWidth: session.out.columns,
    styleTitle: (title) => session.out.style.bold(titles[title] ?? title),
    displayWidth: widthOf,
    boxWrap: (text, width) => wrap(text, width).join('\n'),
    optionDescription: (option) =>
      [
        option.description,
        ...(option.argChoices === undefined ? [] : [say.choices(option.argChoices.join(', '))]),
        ...(option.defaultValue === undefined ? [] : [say.standard(option.defaultValueDescription ?? String(option.defaultValue))]),
      ].join(' '),
  };
  return command
    .enablePositionalOptions() // what stands behind a subcommand's name is that one's
    .exitOverride()
    .configureOutput({
      writeOut: (text) => session.out.line(text.trimEnd()),
      writeErr: (text) => session.err.line(text.trimEnd()),
      outputError: () => undefined,
    })
    .configureHelp(help)
    .helpOption('-h, --help', say.help)
    .helpCommand(false)
    .showSuggestionAfterError(true);
}

/** Options that every command takes. */
function withCommon(command: Command, session: Session): Command {
  const say = words(session.language);
  return command.addOption(new Option('--lang <language>', say.lang).choices(LANGUAGES)).option('--json', say.json);
}

/** Commands under one name. */
export function commandGroup(session: Session, name: string, summary: string, commands: readonly Command[]): Command {
  const group = withCommon(dressed(new Command(name), session), session).description(summary);
  for (const command of commands) group.addCommand(command);
  return group;
}

/** A command that does something: `declare` adds its options, `run` does it and says how the program ends. */
export function command<Options extends object>(
  session: Session,
  name: string,
  summary: string,
  declare: (command: Command) => Command,
  run: (options: Options, args: readonly string[]) => ExitCode | Promise<ExitCode>,
): Command {
  const made = withCommon(declare(dressed(new Command(name), session).description(summary)), session);
  return made.action(async () => {
    session.exitCode = await run(made.opts<Options>(), made.processedArgs as readonly string[]);
  });
}

/** An option with a closed list of values. */
export const choice = (flags: string, description: string, values: readonly string[]): Option => new Option(flags, description).choices(values);
