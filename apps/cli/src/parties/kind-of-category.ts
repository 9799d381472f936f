import type { PartyKind } from '#libs/read-models';

/** Categories of streams that only one kind of party has. */
const KINDS: Readonly<Record<string, PartyKind>> = {
  agency: 'core',
  server: 'core',
  matrix: 'core',
  opening: 'core',
  acquisition: 'core',
  identifier: 'core',
  exchange: 'core',
  holders: 'core',
  query: 'intermediate-server',
  provision: 'intermediate-server',
  replica: 'intermediate-server',
  subject: 'intermediate-server',
};

export const categoryOf = (stream: string): string => stream.slice(0, stream.indexOf('-'));

/** Whose record a category's streams are in; undefined where it does not tell: a registry's, or a log's own. */
export const kindOfCategory = (category: string): PartyKind | undefined => (Object.hasOwn(KINDS, category) ? KINDS[category] : undefined);
