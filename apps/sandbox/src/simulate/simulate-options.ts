import { parseArgs } from 'node:util';
import { DomainError, isCalendarDay } from '#libs/kernel';
import { isLanguage, type Language, languageOf } from '#libs/terminal';
import { EXCHANGES_MAX } from './exchanges.js';
import { FIRST_DAY, LAST_DAY } from './seed-figures.js';
import { simulateTexts } from './simulate.texts.js';

export interface SimulateOptions {
  readonly exchanges: number;
  readonly seed: string;
  readonly from: string;
  readonly to: string;
  readonly fast: boolean;
  /** A temporary directory, removed at the end, where left out. */
  readonly data: string | undefined;
  readonly language: Language;
  readonly json: boolean;
  readonly help: boolean;
}
const EXCHANGES_DEFAULT = '1000';
const SEED = /^\d{1,18}$/;

/** An option is wrong: names it and the rule. */
export class OptionInvalid extends DomainError {
  override readonly name = 'OptionInvalid';
  constructor(
    readonly option: string,
    rule: string,
    message: string,
  ) {
    super('USAGE', 'invalid', message, { field: option, rule });
  }
}

const declared = {
  exchanges: { type: 'string', default: EXCHANGES_DEFAULT },
  seed: { type: 'string', default: '1' },
  from: { type: 'string', default: FIRST_DAY },
  to: { type: 'string', default: LAST_DAY },
  fast: { type: 'boolean', default: false },
  data: { type: 'string' },
  lang: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: declared }).values;
  } catch (error) {
    throw new OptionInvalid('', 'known', (error as Error).message);
  }
}

/** Reads the command line. Throws OptionInvalid (USAGE), in the language that was asked for. */
export function readSimulateOptions(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): SimulateOptions {
  const { exchanges, seed, from, to, fast, data, lang, json, help } = parsed(args);
  if (lang !== undefined && !isLanguage(lang)) throw new OptionInvalid('--lang', 'ja or en', '--lang: ja, en');
  const language = lang ?? languageOf(environment);
  const say = simulateTexts(language);
  const refuse = (option: string, rule: string, message: string): never => {
    throw new OptionInvalid(option, rule, message);
  };
  if (!/^\d{1,9}$/.test(exchanges) || Number(exchanges) < 1 || Number(exchanges) > EXCHANGES_MAX) {
    refuse('--exchanges', `1 to ${EXCHANGES_MAX}`, say.exchangesRule(EXCHANGES_MAX.toLocaleString('en-US')));
  }
  if (!SEED.test(seed)) refuse('--seed', 'a number of at most 18 digits', say.seedRule);
  for (const [option, day] of Object.entries({ '--from': from, '--to': to })) {
    if (!isCalendarDay(day)) refuse(option, 'YYYY-MM-DD', say.dayRule(option));
    if (day < FIRST_DAY || day > LAST_DAY) refuse(option, `${FIRST_DAY} to ${LAST_DAY}`, say.spanRule(option, FIRST_DAY, LAST_DAY));
  }
  if (to < from) refuse('--to', 'not before --from', say.reversed(from, to));
  if (data === '') refuse('--data', 'a directory', say.dataRule);
  return { exchanges: Number(exchanges), seed, from, to, fast, data, language, json, help };
}
