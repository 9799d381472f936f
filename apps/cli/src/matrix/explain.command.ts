import type { Command } from 'commander';
import { legalDay } from '#libs/kernel';
import { referenceHistory } from '#libs/reference-data';
import type { Language, Terminal } from '#libs/terminal';
import { command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { printFacts } from '../command-line/facts.js';
import type { Session } from '../command-line/session.js';
import { findParty, holderStanding, type Party } from '../names/agencies.js';
import { findAffair, findInformation } from '../names/matter.js';
import { parseDay } from '../names/parse.js';
import { answer, type Answer, type Asked } from './answer.js';
import { matrixTexts } from './matrix.texts.js';
import { newestInForce, tableNamed } from './which-table.js';

interface ExplainOptions {
  readonly requester: string;
  readonly affair: string;
  readonly provider: string;
  readonly information: string;
  readonly on?: string;
  readonly table?: string;
}

/** What the options ask; throws UsageError naming the option that is wrong. */
export function question(options: ExplainOptions, language: Language, today: string): Answer & { readonly asked: Asked } {
  const under = options.table === undefined ? undefined : tableNamed('--table', options.table, language);
  const day = options.on === undefined ? (under?.effectiveFrom ?? today) : parseDay('--on', options.on, language);
  const matrix = under ?? referenceHistory().on(day) ?? newestInForce().matrix;
  const asked: Asked = {
    requester: findParty('--requester', options.requester, language),
    affair: findAffair('--affair', options.affair, matrix, language),
    provider: findParty('--provider', options.provider, language),
    information: findInformation('--information', options.information, language),
  };
  return { ...answer(asked, day, under), asked };
}

const partyJson = ({ facts, name, agency }: Party): object => ({
  class: facts.class,
  name,
  ...(agency === undefined ? {} : { code: agency.registration.code }),
  ...(agency?.delegatedTo === undefined ? {} : { holder: agency.delegatedTo }),
});

/** The machine form; fields are added, never renamed. */
export function explanationJson({ explanation, day, under, openings, lastDay, asked }: Answer & { readonly asked: Asked }): object {
  const { permitted, code, article, sentence, version, item, providerWords, informationWords, requesterWords, granted, certainty, source } = explanation;
  const { affair, information } = asked;
  return {
    permitted,
    code,
    day,
    article,
    sentence,
    ...(version === undefined ? {} : { table: version }),
    alone: under !== undefined,
    ...(item === undefined ? {} : { item }),
    requester: partyJson(asked.requester),
    provider: partyJson(asked.provider),
    affair: { code: affair.code, ja: affair.ja, en: affair.en },
    information: { code: information.code, ja: information.ja, en: information.en },
    ...(providerWords === undefined ? {} : { grant: { requester: requesterWords, provider: providerWords, information: informationWords } }),
    granted,
    ...(openings === undefined ? {} : { openings }),
    ...(certainty === undefined ? {} : { certainty }),
    ...(source === undefined ? {} : { source }),
    ...(lastDay === undefined ? {} : { lastDay: { day: lastDay.day, permitted: lastDay.explanation.permitted, code: lastDay.explanation.code } }),
  };
}

function print(out: Terminal, told: Answer & { readonly asked: Asked }, language: Language): void {
  const say = matrixTexts(language);
  const { explanation, day, under, openings, lastDay, firstDay, asked } = told;
  const { style } = out;
  const verdict = explanation.permitted ? say.permitted : say.denied;
  const dress = explanation.permitted ? style.green : style.red;
  out.paragraph(`${verdict}  ${explanation.sentence[language]}`, { dress: (line) => style.bold(dress(line)) });
  const words = (text: string | undefined): string => (text === undefined ? '' : `\n${say.wordsOfTable(text)}`);
  const party = (whose: Party, inTable: string | undefined): string => {
    const code = whose.agency?.registration.code;
    const holder = holderStanding(whose);
    const acts = holder === undefined ? '' : `\n${say.delegate(holder.registration.name)}`;
    return `${whose.name}${code === undefined ? ` [${whose.facts.class}]` : ` (${code})`}${acts}${words(inTable)}`;
  };
  const since = (from: string | undefined): string => (from === undefined ? say.neverOpen : say.since(from));
  printFacts(out, [
    [say.reason, explanation.permitted ? undefined : explanation.code],
    [say.article, explanation.article],
    [say.tableOf, explanation.version === undefined ? undefined : under === undefined ? say.onDay(explanation.version, day) : say.under(explanation.version)],
    [say.itemOf, explanation.item],
    [say.affairOf, `${language === 'ja' ? asked.affair.ja : asked.affair.en} (${asked.affair.code})`],
    [say.requesterOf, party(asked.requester, explanation.requesterWords)],
    [say.providerOf, party(asked.provider, explanation.providerWords)],
    [say.informationOf, `${language === 'ja' ? asked.information.ja : asked.information.en} (${asked.information.code})${words(explanation.informationWords)}`],
    [say.open, openings === undefined ? undefined : say.openSince(since(openings.requester), since(openings.provider))],
    [say.certainty, explanation.certainty === undefined ? undefined : say[explanation.certainty]],
    [say.source, explanation.source],
  ]);
  if (!explanation.permitted && explanation.granted.length > 0) {
    out.line(say.grants);
    for (const row of explanation.granted) out.paragraph(row, { indent: 2 });
  }
  if (firstDay !== undefined) out.paragraph(say.firstDay(firstDay));
  if (lastDay !== undefined) out.paragraph(say.lastDay(lastDay.day, lastDay.explanation.version ?? '', lastDay.explanation.permitted));
}

export function explainCommand(session: Session): Command {
  const say = matrixTexts(session.language);
  return command<ExplainOptions>(
    session,
    'explain',
    say.explain,
    (made) =>
      made
        .requiredOption('--requester <who>', say.requester)
        .requiredOption('--affair <affair>', say.affair)
        .requiredOption('--provider <who>', say.provider)
        .requiredOption('--information <what>', say.information)
        .option('--on <day>', `${say.on} (${say.today})`)
        .option('--table <version>', say.table),
    (options) => {
      const told = question(options, session.language, legalDay(new Date().toISOString()));
      session.answer(explanationJson(told), (out) => print(out, told, session.language));
      if (told.explanation.permitted) session.note(say.knownAlone);
      return told.explanation.permitted ? EXIT.done : EXIT.no;
    },
  );
}
