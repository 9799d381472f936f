import { listRows, type MatrixItem, type MatrixRow, PermissionMatrix } from '#libs/domain';
import type { Language } from '#libs/terminal';
import { UsageError } from '../command-line/failures.js';
import { classNamed, findParty, type Party } from '../names/agencies.js';
import { normalized } from '../names/lookup.js';
import { itemNamed } from '../names/matter.js';
import { nameTexts } from '../names/names.texts.js';
import { parseText } from '../names/parse.js';

export interface RowFilter {
  readonly item?: string;
  readonly requester?: string;
  readonly provider?: string;
  readonly information?: string;
}

const holds = (words: string, wanted: string): boolean => normalized(words).includes(normalized(wanted));

/** True where the item lets this party ask at all: then what it lacks is the information, not the requester. */
function asksUnder(matrix: PermissionMatrix, item: MatrixItem, { facts }: Party): boolean {
  const verdict = PermissionMatrix.compile(matrix.enactment, [item]).decide({ requester: facts, affair: item.affair, provider: facts, information: '' });
  return !verdict.permitted && verdict.code === 'INFORMATION_NOT_IN_ITEM';
}

/** Items by requester: words of the table where they stand in it, otherwise an agency or class that may ask. */
function itemsAskedBy(matrix: PermissionMatrix, given: string, language: Language): ReadonlySet<string> {
  const text = parseText('--requester', given, language);
  const byWords = classNamed(text) === undefined ? matrix.items.filter(({ requesterWords }) => holds(requesterWords, text)) : [];
  if (byWords.length > 0) return new Set(byWords.map(({ item }) => item));
  const party = findParty('--requester', text, language);
  return new Set(matrix.items.filter((item) => asksUnder(matrix, item, party)).map(({ item }) => item));
}

/** The rows of a version that fit; throws UsageError where an item or a requester is not known. */
export function rowsOf(matrix: PermissionMatrix, filter: RowFilter, language: Language): readonly MatrixRow[] {
  const { provider, information } = filter;
  const item = filter.item === undefined ? undefined : itemNamed(filter.item);
  if (filter.item !== undefined && !matrix.items.some((candidate) => candidate.item === item)) {
    throw new UsageError('--item', 'an item of the table', nameTexts(language).unknownItem('--item', filter.item, matrix.version));
  }
  const asked = filter.requester === undefined ? undefined : itemsAskedBy(matrix, filter.requester, language);
  const providerClass = provider === undefined ? undefined : classNamed(provider);
  return listRows(matrix).filter(
    (row) =>
      (item === undefined || row.item === item) &&
      (asked === undefined || asked.has(row.item)) &&
      (provider === undefined ||
        (providerClass === undefined ? holds(row.providerWords, provider) : row.providerClasses.some((name) => name.split(' ')[0] === providerClass))) &&
      (information === undefined || row.informationCode === information.toUpperCase() || holds(row.informationWords, information)),
  );
}
