import type { Command } from 'commander';
import { command, commandGroup } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { printFacts } from '../command-line/facts.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { givenOrRead } from '../command-line/standard-input.js';
import { checkCode, isOfPerson, kindOf } from './check.js';
import { codeTexts } from './codes.texts.js';

const STANDARD_INPUT = '-';
const CODE_CHARACTERS_MAX = 64;

function checkCommand(session: Session): Command {
  const { language } = session;
  const say = codeTexts(language);
  return command(
    session,
    'check',
    say.check,
    (made) => made.argument('<code>', say.code),
    async (_options, [given = '']) => {
      const text = (await givenOrRead(given, CODE_CHARACTERS_MAX))?.normalize('NFKC').trim();
      if (text === undefined) throw new UsageError('<code>', `at most ${CODE_CHARACTERS_MAX} characters`, say.tooLong);
      const kind = kindOf(text);
      if (kind === undefined) throw new UsageError('<code>', 'the form of a code', say.unknownKind);
      if (isOfPerson(kind) && given !== STANDARD_INPUT) throw new UsageError('<code>', 'from standard input', say.person);
      const verdict = checkCode(kind, text, language);
      session.answer(verdict, (out) => {
        out.line(out.style.bold(verdict.valid ? out.style.green(say.valid) : out.style.red(say.invalid)));
        printFacts(out, [
          [say.kind, say[kind]],
          [say.rule, verdict.rule ?? (kind === 'resident-record-code' ? say.notExamined : undefined)],
          [say.with, verdict.withCheckDigit],
          [say.names, isOfPerson(kind) || kind === 'exchange' || !verdict.valid ? undefined : (verdict.name ?? say.unknownName)],
          [say.madeAt, verdict.madeAt],
        ]);
      });
      return verdict.valid ? EXIT.done : EXIT.no;
    },
  );
}

export const codesCommand = (session: Session): Command => commandGroup(session, 'codes', codeTexts(session.language).group, [checkCommand(session)]);
