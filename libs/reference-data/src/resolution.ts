import { AGENCY_CLASSES, type AgencyClass, type Certainty, type ClassRule, hasMembers, parseLocalGovernmentCode } from '#libs/domain';
import { indexed, once, readRows, type Row, ReferenceDataInvalid, type Sourced } from './tables.js';

type Side = 'requester' | 'provider';

interface ResolutionRow extends Sourced {
  readonly side: Side;
  readonly words: string;
  /** Items and information that the line is limited to. */
  readonly items?: ReadonlySet<string>;
  readonly information?: ReadonlySet<string>;
  readonly rules: readonly ClassRule[];
}

/** What a word of the table stands for: classes of agencies, under conditions. */
export interface ResolvedWords {
  readonly rules: readonly ClassRule[];
  readonly certainty: Certainty;
  readonly source: string;
}

const CONDITIONS = ['welfare-office', 'health-centre'] as const;
const CLASS_TOKEN = /^([a-z-]+)(?::([a-z-]+)|=([\d,]+))?$/;

/** `municipality`, `municipality:welfare-office` or `municipality=341002,422011`. */
function parseRule(token: string, row: Row): ClassRule {
  const [, name, condition, codes] = CLASS_TOKEN.exec(token) ?? row.refuse(`${token} is no class`);
  const agencyClass: AgencyClass = AGENCY_CLASSES.find((candidate) => candidate === name) ?? row.refuse(`${token} is no class of the domain`);
  const takesPart = hasMembers(agencyClass);
  if (condition !== undefined) {
    const known = CONDITIONS.find((candidate) => candidate === condition) ?? row.refuse(`${condition} is no condition`);
    return { class: agencyClass, takesPart, condition: known };
  }
  if (codes !== undefined) return { class: agencyClass, takesPart, localGovernments: codes.split(',').map((code) => parseLocalGovernmentCode(code)) };
  return { class: agencyClass, takesPart };
}

const wordGroups = once((): ReadonlyMap<string, readonly ClassRule[]> => {
  const file = 'word-groups.tsv';
  const rows = readRows(file, ['group', 'ja', 'classes', 'source', 'certainty']);
  const groups = rows.map((row) => ({ group: row.text('group'), rules: row.list('classes').map((token) => parseRule(token, row)) }));
  return new Map([...indexed(file, groups, ({ group }) => group)].map(([name, { rules }]) => [name, rules]));
});

/** The table's words, the narrower lines before the general ones. */
const resolutionRows = once((): readonly ResolutionRow[] =>
  readRows('resolution.tsv', ['side', 'words', 'items', 'information', 'classes', 'source', 'certainty']).map((row) => {
    const limited = (column: string, separator: string): ReadonlySet<string> | undefined =>
      row.text(column) === '*' ? undefined : new Set(row.list(column, separator));
    const items = limited('items', ' ');
    const information = limited('information', ';');
    const rules = row
      .list('classes')
      .flatMap((token) => (token.startsWith('@') ? (wordGroups().get(token.slice(1)) ?? row.refuse(`${token} is no group`)) : [parseRule(token, row)]));
    return {
      side: row.oneOf('side', ['requester', 'provider'] as const),
      words: row.text('words'),
      ...(items === undefined ? {} : { items }),
      ...(information === undefined ? {} : { information }),
      rules,
      source: row.source,
      certainty: row.certainty,
    };
  }),
);

function resolve(side: Side, words: string, item: string, information?: string): ResolvedWords {
  const found = resolutionRows().find(
    (row) =>
      row.side === side &&
      row.words === words &&
      (row.items === undefined || row.items.has(item)) &&
      (row.information === undefined || (information !== undefined && row.information.has(information))),
  );
  if (found === undefined) throw new ReferenceDataInvalid('resolution.tsv', 1, `no line for ${side} ${words} of item ${item}`);
  return { rules: found.rules, certainty: found.certainty, source: found.source };
}

/** Whom a requester word (first column) of an item stands for. Throws ReferenceDataInvalid for a word that no line resolves. */
export const resolveRequester = (words: string, item: string): ResolvedWords => resolve('requester', words, item);

/** Whom a provider word (third column) of an item stands for, for one information (fourth column). */
export const resolveProvider = (words: string, item: string, information: string): ResolvedWords => resolve('provider', words, item, information);

/** The words that the resolution knows, by side; for checking it against the table. */
export const resolvedWords = (side: Side): ReadonlySet<string> => new Set(resolutionRows().flatMap((row) => (row.side === side ? [row.words] : [])));
