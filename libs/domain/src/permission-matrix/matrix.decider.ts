import { assertNever, type Decider, DomainError, invalid, isCalendarDay, type Message } from '#libs/kernel';
import { parseAffairCode, parseInformationCode } from '../codes/codes.js';
import type { Certainty, MatrixEvent, MatrixItem } from './matrix.events.js';

export const MATRIX_ITEMS_MAX = 1_000;
const VERSION = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const ITEM = /^[1-9]\d{0,3}(?:の[1-9]\d{0,2})*$/;
const VERSION_CHARACTERS_MAX = 40;

export type MatrixCommand =
  | Message<
      'EnactPermissionMatrix',
      {
        readonly version: string;
        readonly effectiveFrom: string;
        readonly items: readonly MatrixItem[];
        /** SHA-256 over the canonical JSON of the items in order, base64url; made by the caller. */
        readonly itemsDigest: string;
        readonly draft: boolean;
        readonly certainty: Certainty;
        readonly source: string;
      }
    >
  | Message<'RepealPermissionMatrix', { readonly version: string; readonly effectiveFrom: string; readonly source: string }>;

export type MatrixStream =
  | { readonly status: 'none' }
  | { readonly status: 'enacted'; readonly effectiveFrom: string; readonly itemsDigest: string; readonly draft: boolean }
  | { readonly status: 'repealed'; readonly effectiveFrom: string; readonly itemsDigest: string; readonly draft: boolean; readonly repealedFrom: string };

function checkItem(item: MatrixItem, version: string): void {
  const field = `items.${item.item}`;
  if (!ITEM.test(item.item)) throw invalid('items', 'an item such as 57 or 69の2', 'an item has no valid number');
  if (item.version !== version) throw invalid(field, 'of this version', 'the item belongs to another version');
  parseAffairCode(item.affair, `${field}.affair`);
  if (item.requesters.length === 0) throw invalid(field, 'a requester', 'the item names no requester');
  if (item.grants.length === 0) throw invalid(field, 'a grant', 'the item grants nothing');
  for (const grant of item.grants) {
    if (grant.information.length === 0) throw invalid(field, 'information in each grant', 'a grant holds no information');
    for (const information of grant.information) {
      parseInformationCode(information.code, `${field}.information`);
      parseAffairCode(information.holdingAffair, `${field}.holdingAffair`);
      if (information.providers.length === 0) throw invalid(field, 'a provider for each information', 'the item names no provider for an information');
    }
  }
}

function checkEnactment(data: Extract<MatrixCommand, { type: 'EnactPermissionMatrix' }>['data']): void {
  if (!VERSION.test(data.version) || data.version.length > VERSION_CHARACTERS_MAX) {
    throw invalid('version', 'lower-case words joined by hyphens', 'not the name of a version');
  }
  if (!isCalendarDay(data.effectiveFrom)) throw invalid('effectiveFrom', 'a day of the calendar', 'not a day');
  if (data.items.length === 0 || data.items.length > MATRIX_ITEMS_MAX) throw invalid('items', `1 to ${MATRIX_ITEMS_MAX} items`, 'no items, or too many');
  const seen = new Set<string>();
  for (const item of data.items) {
    checkItem(item, data.version);
    if (seen.has(item.item)) throw invalid(`items.${item.item}`, 'once', 'the item stands twice in the table');
    seen.add(item.item);
  }
}

function decide(command: MatrixCommand, matrix: MatrixStream): readonly MatrixEvent[] {
  switch (command.type) {
    case 'EnactPermissionMatrix': {
      const { version, effectiveFrom, items, itemsDigest, draft, certainty, source } = command.data;
      checkEnactment(command.data);
      if (matrix.status !== 'none') {
        const same = matrix.itemsDigest === itemsDigest && matrix.effectiveFrom === effectiveFrom && matrix.draft === draft;
        if (same) return [];
        throw new DomainError('MATRIX_ALREADY_ENACTED', 'conflict', 'this version of the table was enacted with another content');
      }
      const closing = { version, effectiveFrom, itemCount: items.length, itemsDigest, draft, certainty, source };
      return [...items.map((data) => ({ type: 'PermissionItemEnacted' as const, data })), { type: 'PermissionMatrixEnacted', data: closing }];
    }
    case 'RepealPermissionMatrix': {
      const { version, effectiveFrom, source } = command.data;
      if (!isCalendarDay(effectiveFrom)) throw invalid('effectiveFrom', 'a day of the calendar', 'not a day');
      if (matrix.status === 'none') throw new DomainError('MATRIX_NOT_FOUND', 'not-found', 'this version of the table was not enacted');
      if (matrix.draft) throw new DomainError('MATRIX_IS_DRAFT', 'conflict', 'a draft was never in force');
      if (matrix.status === 'repealed') {
        if (matrix.repealedFrom === effectiveFrom) return [];
        throw new DomainError('MATRIX_ALREADY_REPEALED', 'conflict', 'this version of the table is repealed from another day');
      }
      if (effectiveFrom < matrix.effectiveFrom) throw invalid('effectiveFrom', 'not before its enactment', 'the table is not in force by then');
      return [{ type: 'PermissionMatrixRepealed', data: { version, effectiveFrom, source } }];
    }
    default:
      return assertNever(command);
  }
}

function evolve(matrix: MatrixStream, event: MatrixEvent): MatrixStream {
  switch (event.type) {
    case 'PermissionItemEnacted':
      return matrix;
    case 'PermissionMatrixEnacted':
      return { status: 'enacted', effectiveFrom: event.data.effectiveFrom, itemsDigest: event.data.itemsDigest, draft: event.data.draft };
    case 'PermissionMatrixRepealed':
      return matrix.status === 'none' ? matrix : { ...matrix, status: 'repealed', repealedFrom: event.data.effectiveFrom };
    default:
      return assertNever(event);
  }
}

/** Stream `matrix-<version>`; an enactment is one append. */
export const matrixDecider: Decider<MatrixStream, MatrixCommand, MatrixEvent> = { decide, evolve, initialState: { status: 'none' } };
