import { createHash } from 'node:crypto';
import {
  type Certainty,
  matrixDecider,
  type MatrixCommand,
  MatrixHistory,
  type MatrixEvent,
  type MatrixItem,
  PermissionItemEnacted,
  openingDecider,
  type OpeningEvent,
  type Opening,
  type PermissionMatrix,
  AGENCY_CLASSES,
} from '#libs/domain';
import { fold } from '#libs/kernel';
import { affairs, informationByWords } from './codes-and-names.js';
import { type Draft, readDraft2026, type UnreadChange } from './draft-2026.js';
import { resolveProvider, resolveRequester } from './resolution.js';
import { baseItems, withChanges, type WordedItem } from './table-words.js';
import { DAY, leastCertain, once, readRows, ReferenceDataInvalid } from './tables.js';

export type Enactment = Extract<MatrixCommand, { type: 'EnactPermissionMatrix' }>['data'];
export type Repeal = Extract<MatrixCommand, { type: 'RepealPermissionMatrix' }>['data'];

interface VersionRow {
  readonly version: string;
  readonly kind: 'enact' | 'repeal' | 'draft';
  readonly base?: string;
  readonly effectiveFrom: string;
  readonly ja: string;
  readonly source: string;
  readonly certainty: Certainty;
}

const VERSIONS = 'table-versions.tsv';
const TEXT_OF_2015 = '2015-12-27';
/** Until then the text of 2015 is taken to stand; from then on each item is as sure as its own status. */
const RESTATED_IN = '2020-04-01';

const versionRows = once((): readonly VersionRow[] =>
  readRows(VERSIONS, ['version', 'kind', 'base', 'effectiveFrom', 'ja', 'en', 'source', 'certainty']).map((row) => {
    const base = row.optional('base');
    return {
      version: row.text('version'),
      kind: row.oneOf('kind', ['enact', 'repeal', 'draft'] as const),
      ...(base === undefined ? {} : { base }),
      effectiveFrom: row.matching('effectiveFrom', DAY),
      ja: row.text('ja'),
      source: row.source,
      certainty: row.certainty,
    };
  }),
);

/** An item with its words resolved to classes and codes: complete in itself. */
function resolved(worded: WordedItem, version: string): MatrixItem {
  const affair = affairs().find(({ ja }) => ja === worded.affair);
  if (affair === undefined) throw new ReferenceDataInvalid('affairs.tsv', 1, `no affair for item ${worded.item}`);
  const requesters = resolveRequester(worded.requester, worded.actItem);
  return {
    version,
    item: worded.item,
    affair: affair.code,
    affairName: worded.affair,
    requesterWords: worded.requester,
    requesters: requesters.rules,
    grants: worded.grants.map((grant) => ({
      providerWords: grant.provider,
      information: grant.information.flatMap(({ words, certainty }) => {
        const providers = resolveProvider(grant.provider, worded.actItem, words);
        const kinds = informationByWords().get(words);
        if (kinds === undefined) throw new ReferenceDataInvalid('information-kinds.tsv', 1, `no kind for ${words}`);
        return kinds.map(({ code, holdingAffair }) => ({
          code,
          words,
          holdingAffair,
          providers: providers.rules,
          certainty: leastCertain(certainty, providers.certainty),
        }));
      }),
    })),
    certainty: leastCertain(worded.certainty, requesters.certainty),
    source: worded.source,
  };
}

/** SHA-256 over the canonical JSON of the items in order, base64url: what PermissionMatrixEnacted cites. */
export function itemsDigest(items: readonly MatrixItem[]): string {
  const canonical = items.map((item, index) => PermissionItemEnacted.data.canonical(item, `items[${index}]`));
  return createHash('sha256').update(JSON.stringify(canonical)).digest('base64url');
}

interface WordedVersion {
  readonly row: VersionRow;
  readonly items: readonly WordedItem[];
  readonly unread: readonly UnreadChange[];
}

/** Every version in its own words, each made from the one before it. */
const wordedVersions = once((): readonly WordedVersion[] => {
  const versions = new Map<string, readonly WordedItem[]>([[TEXT_OF_2015, baseItems()]]);
  return versionRows().flatMap((row) => {
    if (row.kind === 'repeal') return [];
    const before = versions.get(row.base ?? '');
    if (before === undefined) throw new ReferenceDataInvalid(VERSIONS, 1, `${row.version} has no version before it`);
    const made: Draft = row.kind === 'draft' ? readDraft2026(before) : { items: withChanges(row.version, before, row.version >= RESTATED_IN), unread: [] };
    versions.set(row.version, made.items);
    return [{ row, ...made }];
  });
});

/** What to enact, oldest first, the draft of 2026-06-26 last. */
export const referenceEnactments = once((): readonly Enactment[] =>
  wordedVersions().map(({ row, items: worded }) => {
    const items = worded.map((item) => resolved(item, row.version));
    return {
      version: row.version,
      effectiveFrom: row.effectiveFrom,
      items,
      itemsDigest: itemsDigest(items),
      draft: row.kind === 'draft',
      certainty: row.certainty,
      source: row.source,
    };
  }),
);

export const referenceRepeals = once((): readonly Repeal[] =>
  versionRows().flatMap(({ version, kind, effectiveFrom, source }) => (kind === 'repeal' ? [{ version, effectiveFrom, source }] : [])),
);

/** Remarks on the text of 2026 that could not be read by machine: the draft is without them. */
export const unreadOfDraft2026 = (): readonly UnreadChange[] => wordedVersions().flatMap(({ unread }) => unread);

/** Items in which a class stands: as requester, or on either side. */
function itemsOf(matrix: PermissionMatrix, agencyClass: string, side: 'requester' | 'any'): readonly string[] {
  return matrix.items.flatMap(({ item, requesters, grants }) => {
    const asks = requesters.some((rule) => rule.class === agencyClass);
    const answers = side === 'any' && grants.some((grant) => grant.information.some((one) => one.providers.some((rule) => rule.class === agencyClass)));
    return asks || answers ? [item] : [];
  });
}

/** What to open (運用開始), oldest first. */
export const referenceOpenings = once((): readonly Opening[] => {
  const history = matrixOnly();
  return readRows('openings.tsv', ['from', 'stage', 'class', 'items', 'source', 'certainty']).map((row) => {
    const from = row.matching('from', DAY);
    const agencyClass = row.oneOf('class', AGENCY_CLASSES);
    const matrix = history.on(from);
    if (matrix === undefined) return row.refuse('no table is in force on that day');
    const side = row.text('items');
    const items = side === 'any' || side === 'requester' ? itemsOf(matrix, agencyClass, side) : row.list('items');
    const unknown = items.find((item) => !matrix.items.some((candidate) => candidate.item === item));
    if (unknown !== undefined) return row.refuse(`item ${unknown} is not in the table of that day`);
    return { class: agencyClass, items, from, stage: row.oneOf('stage', ['trial', 'full'] as const), certainty: row.certainty, source: row.source };
  });
});

const matrixEvents = once((): readonly (readonly MatrixEvent[])[] =>
  referenceEnactments().map((enactment) => {
    const enacted = matrixDecider.decide({ type: 'EnactPermissionMatrix', data: enactment }, matrixDecider.initialState);
    const repealed = referenceRepeals()
      .filter(({ version }) => version === enactment.version)
      .flatMap((data) => matrixDecider.decide({ type: 'RepealPermissionMatrix', data }, fold(matrixDecider, enacted)));
    return [...enacted, ...repealed];
  }),
);

const matrixOnly = once((): MatrixHistory => MatrixHistory.from(matrixEvents().flat()));

function openingEvents(): readonly OpeningEvent[] {
  const streams = new Map<string, OpeningEvent[]>();
  for (const data of referenceOpenings()) {
    const stream = streams.get(data.class) ?? [];
    stream.push(...openingDecider.decide({ type: 'OpenOperation', data }, fold(openingDecider, stream)));
    streams.set(data.class, stream);
  }
  return [...streams.values()].flat();
}

/** The law as this data has it, without a store: for the command line, tests and simulations. */
export const referenceHistory = once((): MatrixHistory => matrixOnly().with(openingEvents()));
