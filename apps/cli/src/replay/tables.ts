import { type Change, type Finding, OTHER, type ReplayReport } from '#libs/audit';
import { isAgencyClass } from '#libs/domain';
import { informationKinds } from '#libs/reference-data';
import { grouped, type Language, type Terminal } from '#libs/terminal';
import { nameOfClass } from '../names/agencies.js';
import { replayTexts } from './replay.texts.js';

export const KINDS = ['lost', 'gained', 'moved', 'reason'] as const;
const LEAF_SHOWN = 12;

/** Decisions by one thing that groups of changes have, most first; what does not fit in `limit` rows is put together. */
export interface Breakdown {
  readonly key: string;
  readonly counts: Readonly<Record<(typeof KINDS)[number], number>>;
}
export function breakdown(changes: readonly Change[], keyOf: (change: Change) => string, limit: number, rest: string): readonly Breakdown[] {
  const sums = new Map<string, Record<(typeof KINDS)[number], number>>();
  for (const change of changes) {
    const counts = sums.get(keyOf(change)) ?? { lost: 0, gained: 0, moved: 0, reason: 0 };
    counts[change.change] += change.decisions;
    sums.set(keyOf(change), counts);
  }
  const size = ({ counts }: Breakdown): number => KINDS.reduce((sum, kind) => sum + counts[kind], 0);
  const all = [...sums].map(([key, counts]) => ({ key, counts })).sort((a, b) => size(b) - size(a) || (a.key < b.key ? -1 : 1));
  if (all.length <= limit) return all;
  const others = { lost: 0, gained: 0, moved: 0, reason: 0 };
  for (const { counts } of all.slice(limit)) for (const kind of KINDS) others[kind] += counts[kind];
  return [...all.slice(0, limit), { key: rest, counts: others }];
}

export function nameOfInformation(code: string, language: Language): string {
  const kind = informationKinds().find((candidate) => candidate.code === code);
  return kind === undefined ? code : `${language === 'ja' ? kind.ja : kind.en} (${code})`;
}
const className = (name: string, language: Language): string => (isAgencyClass(name) ? nameOfClass(name, language) : name);

export function printMonths(out: Terminal, { months }: ReplayReport, language: Language): void {
  const say = replayTexts(language);
  const columns = ['permitted', 'denied', 'agrees', 'differs', 'stale', 'erased', 'sealed'] as const;
  out.table({
    head: [say.month, ...columns.map((name) => say[name])],
    rows: months.map((month) => [month.month, ...columns.map((name) => grouped(month[name]))]),
    right: columns.map((_, index) => index + 1),
  });
}

/** What stands behind a finding, a line each. */
export function evidenceOf({ code, position, leaf, differences, basis }: Finding, language: Language, leafCharacters = LEAF_SHOWN): readonly string[] {
  const say = replayTexts(language);
  const differs = code === 'BASIS_STALE' ? say.onNewest : say.differsIn;
  const short = (text: string): string => (text.length > leafCharacters ? `${text.slice(0, leafCharacters)}…` : text);
  return [
    say.leaf(position, short(leaf)),
    ...differences.map(({ field, recorded, again }) => differs(field, recorded, again)),
    ...basis.map((one) => {
      const named = say.basisOf(one.stream, one.revision, one.newest);
      return one.position === undefined ? named : `${named}; ${say.overtakenBy(one.position, short(one.leaf ?? ''))}`;
    }),
  ];
}

export function printFindings(out: Terminal, report: ReplayReport, limit: number, language: Language): void {
  const say = replayTexts(language);
  const all = Object.values(report.found).reduce((sum, count) => sum + count, 0);
  const shown = report.findings.slice(0, limit);
  out.line();
  out.line(out.style.red(say.found(grouped(all))));
  for (const finding of shown) {
    out.paragraph(`${finding.exchange}: ${say[finding.code]} (${finding.code})`, { indent: 2, dress: out.style.red });
    for (const line of evidenceOf(finding, language)) out.paragraph(line, { indent: 6, dress: out.style.dim });
  }
  if (all > shown.length) out.paragraph(say.shown(grouped(shown.length), grouped(all)));
}

/** What changes are grouped by, in the words of a language. */
export function dimensionsOf(
  language: Language,
): Readonly<Record<'item' | 'requester-class' | 'information' | 'month' | 'outcome', { readonly title: string; readonly keyOf: (change: Change) => string }>> {
  const say = replayTexts(language);
  const named = (key: string, name: (key: string) => string): string => (key === OTHER ? say.rest : name(key));
  return {
    item: { title: say.item, keyOf: ({ change, item, itemAgain }) => itemOf(change, item, itemAgain, say.rest) },
    'requester-class': { title: say.requesterClass, keyOf: ({ requesterClass }) => named(requesterClass, (key) => className(key, language)) },
    information: { title: say.information, keyOf: ({ information }) => named(information, (key) => nameOfInformation(key, language)) },
    month: { title: say.month, keyOf: ({ month }) => named(month, (key) => key) },
    outcome: { title: say.outcome, keyOf: ({ before, after }) => `${before} → ${after}` },
  };
}

/** The item by which a change is listed: the one cited, where there was none the one that would be; of a move both. */
function itemOf(change: Change['change'], item: string, itemAgain: string, rest: string): string {
  if (item === OTHER) return rest;
  if (change === 'moved' && item !== itemAgain) return `${item} → ${itemAgain}`;
  return change === 'gained' ? itemAgain : item;
}

export function printChanges(out: Terminal, { changes, decisions }: ReplayReport, limit: number, language: Language): void {
  const say = replayTexts(language);
  const sum = (of: readonly Change[]): number => of.reduce((total, change) => total + change.decisions, 0);
  const [moved, changed] = [sum(changes.filter(({ change }) => change === 'moved')), sum(changes.filter(({ change }) => change !== 'moved'))];
  out.line(changed === 0 ? say.unchanged : say.changed(grouped(changed), grouped(decisions)));
  if (moved > 0) out.line(say.movedTold(grouped(moved)));
  if (changes.length === 0) return;
  const kinds = KINDS.filter((kind) => changes.some(({ change }) => change === kind));
  for (const { title, keyOf } of Object.values(dimensionsOf(language))) {
    out.line();
    out.table({
      head: [title, ...kinds.map((kind) => say[kind])],
      rows: breakdown(changes, keyOf, limit, say.rest).map(({ key, counts }) => [
        key,
        ...kinds.map((kind) => (counts[kind] === 0 ? '' : grouped(counts[kind]))),
      ]),
      right: kinds.map((_, index) => index + 1),
    });
  }
}
