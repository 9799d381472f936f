import type { Command } from 'commander';
import { localGovernments, type ReferenceAgency } from '#libs/reference-data';
import { grouped, type Terminal } from '#libs/terminal';
import { command, commandGroup } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { printFacts } from '../command-line/facts.js';
import type { Session } from '../command-line/session.js';
import { agencyOfCode, findAgency, nameOfClass, wholeNameOf } from '../names/agencies.js';
import { parseWholeNumber } from '../names/parse.js';
import { agencyTexts } from './agencies.texts.js';
import { type AgencyFilter, countClasses, selectAgencies } from './select.js';

interface ListOptions extends AgencyFilter {
  readonly limit: string;
}
const SHOWN = 50;
const SHOWN_MAX = 10_000;

const agencyJson = (agency: ReferenceAgency): object => {
  const { registration, delegatedTo, intermediateServer, interfaceSystem, certainty } = agency;
  return {
    ...registration,
    wholeName: wholeNameOf(agency),
    ...(delegatedTo === undefined ? {} : { holder: delegatedTo }),
    ...(intermediateServer === undefined ? {} : { intermediateServer }),
    ...(interfaceSystem === undefined ? {} : { interfaceSystem }),
    certainty,
  };
};

function listCommand(session: Session): Command {
  const { language } = session;
  const say = agencyTexts(language);
  return command<ListOptions>(
    session,
    'list',
    say.list,
    (made) =>
      made
        .option('--search <text>', say.search)
        .option('--prefecture <prefecture>', say.prefecture)
        .option('--class <class>', say.ofClass)
        .option('--limit <count>', say.limit, String(SHOWN)),
    (options) => {
      if (options.search === undefined && options.prefecture === undefined && options.class === undefined) {
        const counts = countClasses();
        session.answer(counts, (out) => {
          out.heading(say.heading);
          const rows = counts.classes.map((entry) => [entry.class, entry[language], grouped(entry.institutions), grouped(entry.codeHolders)]);
          rows.push([say.total, '', grouped(counts.institutions), grouped(counts.codeHolders)]);
          out.table({ head: [say.class, say.name, say.institutions, say.holders], rows, right: [2, 3] });
        });
        return EXIT.done;
      }
      const limit = parseWholeNumber('--limit', options.limit, { min: 1, max: SHOWN_MAX }, language);
      const found = selectAgencies(options, language);
      const shown = found.slice(0, limit);
      session.answer({ count: found.length, agencies: shown.map(agencyJson) }, (out) => {
        if (shown.length === 0) return out.line(say.none);
        const rows = shown.map((agency) => [agency.registration.code, wholeNameOf(agency), nameOfClass(agency.registration.class, language)]);
        out.table({ head: [say.code, say.name, say.class], rows });
        out.line(out.style.dim(`  ${say.found(found.length, shown.length)}`));
      });
      return found.length === 0 ? EXIT.no : EXIT.done;
    },
  );
}

function print(out: Terminal, agency: ReferenceAgency, session: Session): void {
  const say = agencyTexts(session.language);
  const { registration, delegatedTo, intermediateServer, interfaceSystem } = agency;
  const holder = delegatedTo === undefined ? undefined : agencyOfCode(delegatedTo);
  const prefecture = localGovernments().find((government) => government.kind === 'prefecture' && government.prefecture === registration.prefecture);
  const all = (...parts: readonly (string | false)[]): string => parts.filter((part) => part !== false).join(', ');
  out.heading(wholeNameOf(agency));
  printFacts(out, [
    [say.code, registration.code],
    [say.official, registration.official ? say.officialCode : say.reservedCode],
    [say.class, `${nameOfClass(registration.class, session.language)} [${registration.class}]`],
    [say.role, say[registration.role]],
    [say.prefectureOf, prefecture === undefined ? registration.prefecture : `${prefecture.prefecture} ${prefecture.name}`],
    [say.localGovernment, registration.localGovernment],
    [say.counts, all(registration.institution && say.institution, registration.codeHolder && say.holder)],
    [say.has, all(registration.welfareOffice && say.welfareOffice, registration.healthCentre && say.healthCentre)],
    [say.behind, holder === undefined ? delegatedTo : `${holder.registration.name} (${holder.registration.code})`],
    [say.server, intermediateServer === undefined ? undefined : `${intermediateServer}, ${interfaceSystem ?? ''}`],
    [say.certainty, agency.certainty],
  ]);
  if (registration.placeholder) out.paragraph(say.placeholder, { indent: 2, dress: out.style.dim });
}

function showCommand(session: Session): Command {
  const say = agencyTexts(session.language);
  return command(
    session,
    'show',
    say.show,
    (made) => made.argument('<agency>', say.who),
    (_options, [who = '']) => {
      const agency = findAgency('<agency>', who, session.language);
      session.answer(agencyJson(agency), (out) => print(out, agency, session));
      return EXIT.done;
    },
  );
}

export const agenciesCommand = (session: Session): Command =>
  commandGroup(session, 'agencies', agencyTexts(session.language).group, [listCommand(session), showCommand(session)]);
