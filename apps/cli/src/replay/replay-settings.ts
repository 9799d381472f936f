import { readFileSync } from 'node:fs';
import { readTable, type TableContent, type WhatIf } from '#libs/audit';
import { DomainError, plusDays } from '#libs/kernel';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { findAgency } from '../names/agencies.js';
import { newestInForce } from '../matrix/which-table.js';
import { findAffair } from '../names/matter.js';
import { parseDay, parseWholeNumber } from '../names/parse.js';
import { coreIn } from '../parties/core-in.js';
import type { PartyDirectory } from '../parties/party-directory.js';
import type { Options } from './replay-options.js';
import { replayTexts } from './replay.texts.js';

const LIMIT_MAX = 10_000;
const EXCHANGE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface ReplaySettings {
  readonly party: PartyDirectory;
  readonly filter: { readonly from?: string; readonly to?: string; readonly agency?: string; readonly affair?: string; readonly exchange?: string };
  readonly whatIf?: WhatIf;
  readonly limit: number;
}

/** What the options ask. Throws UsageError, by the option that is wrong; the typed errors of a table file as such. */
export function settingsOf(options: Options, session: Session): ReplaySettings {
  const { language } = session;
  const say = replayTexts(language);
  const day = (option: string, text: string | undefined): string | undefined => (text === undefined ? undefined : parseDay(option, text, language));
  const asOf = day('--as-of', options.asOf);
  const exchange = options.exchange?.toLowerCase();
  if (exchange !== undefined && !EXCHANGE_ID.test(exchange)) throw new UsageError('--exchange', 'a UUID', say.badExchange('--exchange'));
  const [from, to] = [day('--from', options.from), day('--to', options.to)];
  if (from !== undefined && to !== undefined && to <= from) throw new UsageError('--to', 'after --from', say.reversed);
  const alone = asOf !== undefined && from === undefined && to === undefined && exchange === undefined;
  const period = alone ? { from: asOf, to: plusDays(asOf, 1) } : { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const whatIf: WhatIf | undefined =
    options.matrix === undefined ? (asOf === undefined ? undefined : { kind: 'as-of', day: asOf }) : { kind: 'draft', table: tableIn(options.matrix) };
  return {
    party: coreIn(options, session),
    filter: {
      ...period,
      ...(options.agency === undefined ? {} : { agency: findAgency('--agency', options.agency, language).registration.code }),
      ...(options.affair === undefined ? {} : { affair: findAffair('--affair', options.affair, newestInForce().matrix, language).code }),
      ...(exchange === undefined ? {} : { exchange }),
    },
    ...(whatIf === undefined ? {} : { whatIf }),
    limit: parseWholeNumber('--limit', options.limit, { min: 1, max: LIMIT_MAX }, language),
  };
}

/** A table of the file; what is wrong in it is told with the file's name. */
function tableIn(file: string): TableContent {
  const text = readFileSync(file, 'utf8');
  try {
    return readTable(text);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw new DomainError(error.code, error.kind, `${file}: ${error.message}`, error.at, { cause: error });
  }
}
