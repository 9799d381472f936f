import type { Certainty } from '#libs/domain';
import { once, readData, readRows, ReferenceDataInvalid } from './tables.js';

/** One item of the table in its own words, before they are resolved to classes and codes. */
export interface WordedItem {
  readonly item: string;
  /** Its number in the Act's table: by it words are resolved, also where a later text numbers anew. */
  readonly actItem: string;
  readonly requester: string;
  readonly affair: string;
  readonly grants: readonly WordedGrant[];
  readonly certainty: Certainty;
  readonly source: string;
}
export interface WordedGrant {
  readonly provider: string;
  readonly information: readonly { readonly words: string; readonly certainty: Certainty }[];
}

/** An entry of the source file as it stands there. */
export interface SourceItem extends WordedItem {
  readonly textAsOf: string;
  readonly statusIn2020: string;
  readonly changesBy2026: readonly string[];
  /** Number in the order's table of 2026; nothing where it is gone. */
  readonly itemIn2026?: string;
}

const FILE = 'appended-table-2.json';
const TEXT_OF_2015 = '2015-12-27';

/** How sure the 2020 content is, by the file's own status. */
const CERTAINTY_IN_2020: Readonly<Record<string, Certainty>> = {
  not_traced_since_2015_12: 'inferred',
  amended_after_2020_05_verified: 'inferred',
  amended_before_2020_05_recalled: 'assumed',
  amended_before_2020_05_verified: 'assumed',
  uncertain: 'assumed',
  existence_in_2020_recalled: 'recalled',
};

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

function sourceItem(entry: unknown, line: number): SourceItem | undefined {
  const refuse = (rule: string): never => {
    throw new ReferenceDataInvalid(FILE, line, rule);
  };
  const given: Json = isObject(entry) ? entry : refuse('is not an object');
  const text = (value: unknown, name: string): string => (typeof value === 'string' && value !== '' ? value : refuse(`${name} is no text`));
  const texts = (value: unknown, name: string): readonly string[] =>
    Array.isArray(value) ? value.map((one: unknown) => text(one, name)) : refuse(`${name} is no list`);
  if (given['statusIn2020'] === 'deleted') return undefined;
  const status = text(given['statusIn2020'], 'statusIn2020');
  const certainty = CERTAINTY_IN_2020[status] ?? refuse(`statusIn2020 ${status} is not known`);
  const textAsOf = text(given['textAsOf'], 'textAsOf');
  const grants: unknown = given['grants'];
  if (!Array.isArray(grants) || grants.length === 0) return refuse('grants is no list');
  return {
    item: String(given['item']),
    actItem: String(given['item']),
    requester: text(given['requester'], 'requester'),
    affair: text(given['affair'], 'affair'),
    grants: grants.map((grant: unknown) => {
      const one: Json = isObject(grant) ? grant : refuse('a grant is not an object');
      const information = texts(one['information'], 'information').map((words) => ({ words, certainty }));
      return { provider: text(one['provider'], 'provider'), information };
    }),
    certainty,
    source: `${FILE}: ${textAsOf}`,
    textAsOf,
    statusIn2020: status,
    changesBy2026: texts(given['changesBy2026'], 'changesBy2026'),
    ...(given['itemIn2026Order'] === null ? {} : { itemIn2026: String(given['itemIn2026Order']) }),
  };
}

/** The 126 live items of the file (36 is deleted), in its order. */
export const sourceItems = once((): readonly SourceItem[] => {
  const entries: unknown = JSON.parse(readData(FILE));
  if (!Array.isArray(entries)) throw new ReferenceDataInvalid(FILE, 1, 'is no list');
  return entries.flatMap((entry: unknown, index) => sourceItem(entry, index + 1) ?? []);
});

const asWorded = ({ item, actItem, requester, affair, grants, certainty, source }: SourceItem, sure = certainty): WordedItem => ({
  item,
  actItem,
  requester,
  affair,
  grants: grants.map((grant) => ({ provider: grant.provider, information: grant.information.map(({ words }) => ({ words, certainty: sure })) })),
  certainty: sure,
  source,
});

/** Adds an information to an item: to the provider's own grant, or as a new one after the others. */
export function addGrant(item: WordedItem, provider: string, words: string, certainty: Certainty): WordedItem {
  const added = { words, certainty };
  const known = item.grants.some((grant) => grant.provider === provider);
  if (!known) return { ...item, grants: [...item.grants, { provider, information: [added] }] };
  return { ...item, grants: item.grants.map((grant) => (grant.provider === provider ? { ...grant, information: [...grant.information, added] } : grant)) };
}

export interface TableChange {
  readonly version: string;
  readonly change: 'add-grant' | 'add-item';
  readonly item: string;
  readonly providerWords?: string;
  readonly information?: string;
  readonly source: string;
  readonly certainty: Certainty;
}

const tableChanges = once((): readonly TableChange[] =>
  readRows('table-changes.tsv', ['version', 'change', 'item', 'providerWords', 'information', 'source', 'certainty']).map((row) => {
    const [providerWords, information] = [row.optional('providerWords'), row.optional('information')];
    return {
      version: row.text('version'),
      change: row.oneOf('change', ['add-grant', 'add-item'] as const),
      item: row.text('item'),
      ...(providerWords === undefined ? {} : { providerWords }),
      ...(information === undefined ? {} : { information }),
      source: row.source,
      certainty: row.certainty,
    };
  }),
);

/** The items of the text in force on 2015-12-27: 120 are live. */
export const baseItems = (): readonly WordedItem[] => sourceItems().flatMap((item) => (item.textAsOf === TEXT_OF_2015 ? [asWorded(item, 'inferred')] : []));

/** The items of a version, from those of the version before. Keeps the file's order. */
export function withChanges(version: string, before: readonly WordedItem[], restateCertainty: boolean): readonly WordedItem[] {
  const changes = tableChanges().filter((change) => change.version === version);
  const added = new Set(changes.flatMap(({ change, item }) => (change === 'add-item' ? [item] : [])));
  const byItem = new Map(before.map((item) => [item.item, item]));
  const items = sourceItems().flatMap((source) => {
    const earlier = byItem.get(source.item);
    if (earlier === undefined) return added.has(source.item) ? [asWorded(source)] : [];
    return [restateCertainty ? { ...earlier, certainty: source.certainty } : earlier];
  });
  return items.map((item) =>
    changes
      .filter((change) => change.item === item.item && change.change === 'add-grant')
      .reduce((changed, { providerWords, information, certainty }) => {
        if (providerWords === undefined || information === undefined)
          throw new ReferenceDataInvalid('table-changes.tsv', 1, 'add-grant needs provider and information');
        return addGrant(changed, providerWords, information, certainty);
      }, item),
  );
}
