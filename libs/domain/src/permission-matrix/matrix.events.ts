import { type EventOf, eventType, flag, integer, list, oneOf, optional, record, text } from '#libs/kernel';
import { AGENCY_CLASSES } from '../agency/agency-class.js';

/** How sure a line of law is: read in a text, inferred from such, recalled, or assumed for want of a source. */
export const CERTAINTIES = ['verified', 'inferred', 'recalled', 'assumed'] as const;
export type Certainty = (typeof CERTAINTIES)[number];

/** A class of agencies that a word of the table stands for, at enactment. */
export const classRule = record({
  class: oneOf(...AGENCY_CLASSES),
  /** False for a kind that the law names although no such institution takes part. */
  takesPart: flag,
  /** Only those of the class that have a welfare office, or a health centre of their own. */
  condition: optional(oneOf('welfare-office', 'health-centre')),
  /** Only these local governments of the class (six digits). */
  localGovernments: optional(list(text)),
});

export const matrixInformation = record({
  /** 特定個人情報名コード, and the table's word that it stands under. */
  code: text,
  words: text,
  /** Affair under whose file the provider holds it: its assessment must stand published (art. 28). */
  holdingAffair: text,
  providers: list(classRule),
  certainty: oneOf(...CERTAINTIES),
});

/** Stream `matrix-<version>`. One item (項) of the table, complete in itself: words, and what they stood for when enacted. */
export const PermissionItemEnacted = eventType('PermissionItemEnacted', {
  version: text,
  /** `57`, `69の2` */
  item: text,
  affair: text,
  affairName: text,
  requesterWords: text,
  requesters: list(classRule),
  /** Pairs of provider (third column) and information (fourth), in the table's order; a decision cites the index. */
  grants: list(record({ providerWords: text, information: list(matrixInformation) })),
  certainty: oneOf(...CERTAINTIES),
  source: text,
});

/** Closes a version: it counts only with this. A draft is never in force, and may be replayed under. */
export const PermissionMatrixEnacted = eventType('PermissionMatrixEnacted', {
  version: text,
  effectiveFrom: text,
  itemCount: integer,
  /** SHA-256 over the canonical JSON of the items' data in order, base64url. */
  itemsDigest: text,
  draft: flag,
  certainty: oneOf(...CERTAINTIES),
  source: text,
});

/** From that legal day on neither this version nor an earlier one is in force. */
export const PermissionMatrixRepealed = eventType('PermissionMatrixRepealed', { version: text, effectiveFrom: text, source: text });

/** Stream `opening-<class>`. From that legal day on agencies of the class ask and answer under these items (運用開始). */
export const OperationOpened = eventType('OperationOpened', {
  class: oneOf(...AGENCY_CLASSES),
  items: list(text),
  from: text,
  stage: oneOf('trial', 'full'),
  certainty: oneOf(...CERTAINTIES),
  source: text,
});

export const matrixEventTypes = [PermissionItemEnacted, PermissionMatrixEnacted, PermissionMatrixRepealed, OperationOpened] as const;

export type MatrixEvent = EventOf<typeof PermissionItemEnacted> | EventOf<typeof PermissionMatrixEnacted> | EventOf<typeof PermissionMatrixRepealed>;
export type OpeningEvent = EventOf<typeof OperationOpened>;
export type MatrixItem = EventOf<typeof PermissionItemEnacted>['data'];
export type MatrixGrant = MatrixItem['grants'][number];
export type MatrixInformation = MatrixGrant['information'][number];
export type ClassRule = MatrixItem['requesters'][number];
export type MatrixVersion = EventOf<typeof PermissionMatrixEnacted>['data'];
export type Opening = OpeningEvent['data'];
