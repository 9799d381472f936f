import { once, readRows } from './tables.js';
import { addGrant, sourceItems, type SourceItem, type WordedItem } from './table-words.js';

/** A remark on the text of 2026-06-26 that no rule here reads; the draft is without it. */
export interface UnreadChange {
  readonly item: string;
  readonly text: string;
}
export interface Draft {
  readonly items: readonly WordedItem[];
  readonly unread: readonly UnreadChange[];
}

/** Short words of the remarks, by the table's words. */
const draftWords = once(
  (): ReadonlyMap<string, string> =>
    new Map(readRows('draft-words.tsv', ['short', 'words', 'source', 'certainty']).map((row) => [row.text('short'), row.text('words')])),
);

interface Vocabulary {
  readonly providers: ReadonlySet<string>;
  /** Provider words under which an information stands in the table. */
  readonly providersOf: ReadonlyMap<string, ReadonlySet<string>>;
}

const vocabulary = once((): Vocabulary => {
  const providersOf = new Map<string, Set<string>>();
  for (const { provider, information } of sourceItems().flatMap(({ grants }) => grants)) {
    for (const { words } of information) providersOf.set(words, (providersOf.get(words) ?? new Set()).add(provider));
  }
  return { providers: new Set(sourceItems().flatMap(({ grants }) => grants.map(({ provider }) => provider))), providersOf };
});

const tableWord = (short: string): string => draftWords().get(short) ?? short;

/** Every part of a list must be a word of the table, or none is taken. */
function informationWords(list: string): readonly string[] | undefined {
  const known = (text: string): string | undefined => (vocabulary().providersOf.has(tableWord(text)) ? tableWord(text) : undefined);
  const whole = known(list);
  if (whole !== undefined) return [whole];
  const parts = list.split(/[・/]/).map(known);
  return parts.includes(undefined) ? undefined : parts.filter((part) => part !== undefined);
}

function remove(item: WordedItem, list: string): WordedItem | undefined {
  const words = informationWords(list);
  const held = new Set(item.grants.flatMap(({ information }) => information.map((one) => one.words)));
  if (words === undefined || words.some((word) => !held.has(word))) return undefined;
  const grants = item.grants.map((grant) => ({ ...grant, information: grant.information.filter((one) => !words.includes(one.words)) }));
  return { ...item, grants: grants.filter(({ information }) => information.length > 0) };
}

function add(item: WordedItem, text: string): WordedItem | undefined {
  const [, named, list] = /^(?:([^:]+):)?(.+)$/.exec(text) ?? [];
  const words = informationWords(list ?? '');
  if (words === undefined) return undefined;
  const named2026 = named === undefined ? undefined : tableWord(named);
  if (named2026 !== undefined && !vocabulary().providers.has(named2026)) return undefined;
  let changed = item;
  for (const word of words) {
    const usual = [...(vocabulary().providersOf.get(word) ?? [])];
    const provider = named2026 ?? (usual.length === 1 ? usual[0] : undefined);
    if (provider === undefined) return undefined;
    const standing = changed.grants.some((grant) => grant.provider === provider && grant.information.some((one) => one.words === word));
    if (!standing) changed = addGrant(changed, provider, word, 'inferred');
  }
  return changed;
}

function readItem(source: SourceItem, current: WordedItem, item: string): { readonly item: WordedItem | undefined; readonly unread: readonly UnreadChange[] } {
  let changed: WordedItem = { ...current, item, source: `${source.source}, changesBy2026` };
  const unread: UnreadChange[] = [];
  for (const text of source.changesBy2026) {
    const next = text.startsWith('-') ? remove(changed, text.slice(1)) : text.startsWith('+') ? add(changed, text.slice(1)) : undefined;
    if (next === undefined) unread.push({ item: source.item, text });
    else changed = next;
  }
  return { item: changed.grants.length === 0 ? undefined : changed, unread };
}

/**
 * The table of 2026-06-26 as a draft, from the version before it: items renumbered as in the order, gone where it has
 * none, changed where a remark can be read. What the remarks do not say (whole items that are new) is not in it.
 */
export function readDraft2026(before: readonly WordedItem[]): Draft {
  const byItem = new Map(before.map((item) => [item.item, item]));
  const items: WordedItem[] = [];
  const unread: UnreadChange[] = [];
  for (const source of sourceItems()) {
    const current = byItem.get(source.item);
    if (current === undefined) continue;
    if (source.itemIn2026 === undefined) {
      unread.push(...source.changesBy2026.filter((text) => text !== '2026表になし').map((text) => ({ item: source.item, text })));
      continue;
    }
    const read = readItem(source, current, source.itemIn2026);
    if (read.item !== undefined) items.push(read.item);
    unread.push(...read.unread);
  }
  return { items, unread };
}
