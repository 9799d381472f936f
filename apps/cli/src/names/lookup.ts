import type { Candidate } from '../command-line/failures.js';

/** Something that can be named on the command line: by its code, or by any of its names. */
export interface Named<T> extends Candidate {
  /** Besides `code` and `name`. */
  readonly alsoNamed: readonly string[];
  readonly value: T;
}

export type Lookup<T> =
  | { readonly status: 'found'; readonly entry: Named<T> }
  /** Several fit; the first ones are told. */
  | { readonly status: 'ambiguous'; readonly candidates: readonly Candidate[]; readonly count: number }
  | { readonly status: 'unknown'; readonly candidates: readonly Candidate[] };

const CANDIDATES_MAX = 12;
const SUGGESTIONS_MAX = 6;
const LIKENESS_MIN = 0.3;

/** Full-width digits and letters, capitals and blanks make no difference. */
export const normalized = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/\s+/gu, '');

const namesOf = <T>({ code, name, alsoNamed }: Named<T>): readonly string[] => [code, name, ...alsoNamed];

function pairs(text: string): ReadonlySet<string> {
  const characters = [...text];
  if (characters.length < 2) return new Set(characters);
  return new Set(characters.slice(1).map((character, index) => `${characters[index] ?? ''}${character}`));
}

/** Dice coefficient over pairs of neighbouring characters: 1 for the same text, 0 for nothing in common. */
export function likeness(a: string, b: string): number {
  const [left, right] = [pairs(a), pairs(b)];
  const shared = [...left].filter((pair) => right.has(pair)).length;
  return left.size + right.size === 0 ? 0 : (2 * shared) / (left.size + right.size);
}

const shown = ({ code, name }: Candidate): Candidate => ({ code, name });

/**
 * What a text names: first by exact code or name, then by a part of a name where only one entry holds it. What fits nothing
 * is answered with the names that are most like it.
 */
export function lookUp<T>(text: string, entries: readonly Named<T>[]): Lookup<T> {
  const wanted = normalized(text);
  const fits = [(name: string) => name === wanted, (name: string) => name.includes(wanted)];
  if (wanted !== '') {
    for (const fit of fits) {
      const found = entries.filter((entry) => namesOf(entry).some((name) => fit(normalized(name))));
      const [only] = found;
      if (only !== undefined && found.length === 1) return { status: 'found', entry: only };
      if (found.length > 1) return { status: 'ambiguous', candidates: found.slice(0, CANDIDATES_MAX).map(shown), count: found.length };
    }
  }
  const likely = entries
    .map((entry) => ({ entry, score: Math.max(...namesOf(entry).map((name) => likeness(normalized(name), wanted))) }))
    .filter(({ score }) => score >= LIKENESS_MIN)
    .sort((a, b) => b.score - a.score);
  return { status: 'unknown', candidates: likely.slice(0, SUGGESTIONS_MAX).map(({ entry }) => shown(entry)) };
}
