import { type ClassRule, type MatrixInformation, type MatrixItem, MatrixHistory } from '#libs/domain';
import { coreEvents } from '../replay/recorded.js';
import type { LawEvent, Recorded } from '../replay/recorded.js';
import { keyOf, type PlacedText } from './tally.js';

/**
 * Whether queries of the period used a grant: `used`; `unused` though it was in operation; `not-open`: operation of no
 * requester and provider had begun under it; `no-participant`: the law names only such as take no part in the exchange.
 */
export type GrantState = 'used' | 'unused' | 'not-open' | 'no-participant';

/** One thing that the table grants: who may ask whom for what. The same words in two versions are one grant. */
export interface GrantUse {
  readonly item: string;
  readonly affair: string;
  readonly affairName: string;
  readonly requester: string;
  readonly provider: string;
  readonly information: string;
  readonly informationName: string;
  /** Versions of the table that held it in the period, oldest first. */
  readonly versions: readonly string[];
  readonly permits: number;
  readonly state: GrantState;
}

/** The law as the record tells it. Events in any order. */
export const lawOf = (events: readonly PlacedText[]): MatrixHistory =>
  MatrixHistory.from([...events].sort((a, b) => a.position - b.position).map(({ text }) => coreEvents.decode<LawEvent>(text) as Recorded<LawEvent>));

/** Grants of every version that was in force on some day from `from` on, up to and without `to`; in the table's order. */
export function grantsInForce(
  law: MatrixHistory,
  { from, to }: { readonly from: string; readonly to: string },
  permits: ReadonlyMap<string, number>,
): readonly GrantUse[] {
  const found = new Map<string, { -readonly [K in keyof GrantUse]: GrantUse[K] }>();
  for (const { version, item, index, provider, one } of granted(law, from, to)) {
    const key = keyOf(item.item, item.affair, item.requesterWords, provider, one.code);
    const cited = permits.get(keyOf(version, item.item, String(index), one.code)) ?? 0;
    const state = cited > 0 ? 'used' : stateOf(law, item, one, to);
    const known = found.get(key);
    if (known === undefined) {
      found.set(key, { ...wordsOf(item, provider, one), versions: [version], permits: cited, state });
      continue;
    }
    if (!known.versions.includes(version)) known.versions = [...known.versions, version];
    known.permits += cited;
    known.state = BETTER.find((better) => better === state || better === known.state) as GrantState;
  }
  return [...found.values()];
}

interface Granted {
  readonly version: string;
  readonly item: MatrixItem;
  /** Of the grant in its item. */
  readonly index: number;
  readonly provider: string;
  readonly one: MatrixInformation;
}
function* granted(law: MatrixHistory, from: string, to: string): Generator<Granted> {
  for (const { matrix, until } of law.list()) {
    if (matrix.draft || matrix.effectiveFrom >= to || (until !== undefined && until <= from)) continue;
    for (const item of matrix.items) {
      for (const [index, { providerWords: provider, information }] of item.grants.entries())
        yield* information.map((one) => ({ version: matrix.version, item, index, provider, one }));
    }
  }
}

/** Of two versions that hold a grant, the state that tells more of its use. */
const BETTER: readonly GrantState[] = ['used', 'unused', 'not-open', 'no-participant'];

const wordsOf = (item: MatrixItem, provider: string, { code, words }: MatrixInformation) => ({
  item: item.item,
  affair: item.affair,
  affairName: item.affairName,
  requester: item.requesterWords,
  provider,
  information: code,
  informationName: words,
});

function stateOf(law: MatrixHistory, { item, requesters }: MatrixItem, { providers }: MatrixInformation, to: string): GrantState {
  const takesPart = (rules: readonly ClassRule[]): boolean => rules.some((rule) => rule.takesPart);
  if (!takesPart(requesters) || !takesPart(providers)) return 'no-participant';
  const isOpen = (rules: readonly ClassRule[]): boolean => rules.some((rule) => rule.takesPart && (law.openFrom(rule.class, item) ?? to) < to);
  return isOpen(requesters) && isOpen(providers) ? 'unused' : 'not-open';
}
