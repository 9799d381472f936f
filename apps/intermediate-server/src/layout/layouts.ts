import { DomainError } from '#libs/kernel';
import { layoutOn, type LayoutVersion, layoutVersions } from '#libs/reference-data';
import { generalLayout, illustrativeLayouts } from './illustrative-layouts.js';
import { type Content, exampleContent, type LayoutRevision } from './layout.js';

const revisionsOf = (information: string): readonly LayoutRevision[] => illustrativeLayouts[information] ?? generalLayout;
const indexOf = (revisions: readonly LayoutRevision[], version: string): number => revisions.findLastIndex(({ since }) => since <= version);

/** The version in use on a legal day. */
export const layoutInUse = (day: string): string => layoutOn(day).version;

/** The fields of one kind of information in one version. Throws LAYOUT_UNKNOWN, LAYOUT_NOT_YET_IN_USE. */
export function layoutFor(information: string, version: string, day: string): LayoutRevision {
  const known: LayoutVersion | undefined = layoutVersions().find((candidate) => candidate.version === version);
  if (!known)
    throw new DomainError('LAYOUT_UNKNOWN', 'invalid', 'there is no such version of the data standard layout', { field: 'layout', rule: 'known-layout' });
  if (known.inUseFrom > day) {
    throw new DomainError('LAYOUT_NOT_YET_IN_USE', 'unprocessable', 'this version of the data standard layout is not in use yet', {
      field: 'layout',
      rule: 'layout-in-use',
    });
  }
  const revisions = revisionsOf(information);
  return revisions[indexOf(revisions, version)] as LayoutRevision;
}

/** Content of an older version in the fields of a newer one: an old registration answers a new query. */
export function upcast(information: string, content: Content, from: string, to: string): Content {
  const revisions = revisionsOf(information);
  let current = content;
  for (const { upcast: step } of revisions.slice(indexOf(revisions, from) + 1, indexOf(revisions, to) + 1)) current = step ? step(current) : current;
  return current;
}

/** Content that fits, for examples and trials. */
export const exampleContentOf = (information: string, version: string): Content => {
  const revisions = revisionsOf(information);
  return exampleContent(revisions[indexOf(revisions, version)] as LayoutRevision);
};
