import type { PermissionMatrix } from '#libs/domain';
import { referenceHistory } from '#libs/reference-data';
import type { Language } from '#libs/terminal';
import { UsageError } from '../command-line/failures.js';
import { nameTexts } from '../names/names.texts.js';

const DRAFT = 'draft';

/** A version by its name; `draft` is the one that was never in force. */
export function tableNamed(option: string, name: string, language: Language): PermissionMatrix {
  const versions = referenceHistory()
    .list()
    .map(({ matrix }) => matrix);
  const found = name === DRAFT ? versions.findLast(({ draft }) => draft) : versions.find(({ version }) => version === name);
  if (found !== undefined) return found;
  const say = nameTexts(language);
  const known = versions.map(({ version, effectiveFrom, draft }) => ({ code: version, name: draft ? `${effectiveFrom} (${say.draft})` : effectiveFrom }));
  throw new UsageError(option, 'a version of the table', say.unknownTable(option, name), known);
}

export interface InForce {
  readonly matrix: PermissionMatrix;
  /** First day on which it is in force no more. */
  readonly until?: string;
}

/** The newest version that was in force at any time. */
export function newestInForce(): InForce {
  const found = referenceHistory()
    .list()
    .findLast(({ matrix }) => !matrix.draft);
  if (found === undefined) throw new Error('the reference data holds no table');
  return found;
}

/** First day on which a version is in force no more; undefined while it stands, and for a draft. */
export const untilOf = ({ version }: PermissionMatrix): string | undefined =>
  referenceHistory()
    .list()
    .find(({ matrix }) => matrix.version === version)?.until;
