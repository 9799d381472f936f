import { hash } from 'node:crypto';
import {
  AGENCY_CLASSES,
  isAgencyClass,
  matrixDecider,
  type MatrixItem,
  type MatrixVersion,
  PermissionItemEnacted,
  PermissionMatrixEnacted,
} from '#libs/domain';
import { DomainError, invalid } from '#libs/kernel';

/** A version of the table as it is enacted, its items with words beside classes and codes. */
export interface TableContent extends Omit<MatrixVersion, 'itemCount'> {
  readonly items: readonly MatrixItem[];
}

/** A whole table as text; the largest there was is 400 KB. */
export const TABLE_BYTES_MAX = 16 * 1024 * 1024;

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const malformed = (field: string, rule: string): DomainError => invalid(field, rule, `the table is not of its form: ${field} ${rule}`, 'TABLE_MALFORMED');
const FIELDS: ReadonlySet<string> = new Set(['version', 'effectiveFrom', 'draft', 'certainty', 'source', 'items', 'itemsDigest']);

/**
 * A version of the table from a file: JSON of the form that the core enacts (`POST /operator/matrix`, `renkei matrix export`).
 * Throws DomainErrors of kind `invalid` that name the field: TABLE_MALFORMED, TABLE_CLASS_UNKNOWN for a class of agencies that
 * the network does not know, TABLE_OVERLAPS where the same grant stands twice.
 */
export function readTable(text: string): TableContent {
  if (Buffer.byteLength(text) > TABLE_BYTES_MAX) throw malformed('the file', `may hold at most ${TABLE_BYTES_MAX} bytes`);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw malformed('the file', 'must be JSON');
  }
  if (!isObject(given)) throw malformed('the file', 'must hold one table');
  const unknown = Object.keys(given).find((name) => !FIELDS.has(name));
  if (unknown !== undefined) throw malformed(unknown, 'is not a field of a table');
  const { items } = given;
  if (!Array.isArray(items)) throw malformed('items', 'must be a list');
  checkClasses(items);
  const read = items.map((item: unknown, index) => shaped(item, `items[${index}]`));
  const digest = hash('sha256', JSON.stringify(read), 'base64url');
  const content = { ...head(given, items.length, digest), items: read };
  checkOverlaps(read);
  decided(content);
  return content;
}

/** The item with its keys in canonical order. */
function shaped(item: unknown, path: string): MatrixItem {
  try {
    return PermissionItemEnacted.data.canonical(item as MatrixItem, path) as MatrixItem;
  } catch (error) {
    throw asMalformed(error);
  }
}

function head(given: Json, itemCount: number, itemsDigest: string): Omit<TableContent, 'items'> {
  const { version, effectiveFrom, draft = true, certainty, source } = given;
  try {
    const closing = { version, effectiveFrom, draft, certainty, source, itemCount, itemsDigest };
    const { itemCount: _, ...shape } = PermissionMatrixEnacted.data.canonical(closing as MatrixVersion, 'table') as MatrixVersion;
    return shape;
  } catch (error) {
    throw asMalformed(error);
  }
}

function asMalformed(error: unknown): unknown {
  if (!(error instanceof DomainError)) return error;
  return malformed(error.at.field ?? 'a field', error.at.rule ?? 'is not of its shape');
}

/** The rules of an enactment are the domain's. */
function decided(content: TableContent): void {
  try {
    matrixDecider.decide({ type: 'EnactPermissionMatrix', data: content }, matrixDecider.initialState);
  } catch (error) {
    throw asMalformed(error);
  }
}

/** A class that the network does not know is told as such, before the shape of all the rest. */
function checkClasses(value: unknown, path = 'items'): void {
  if (Array.isArray(value)) return value.forEach((one, index) => checkClasses(one, `${path}[${index}]`));
  if (!isObject(value)) return;
  const { class: name } = value;
  if (typeof name === 'string' && !isAgencyClass(name)) {
    const rule = `must be one of ${AGENCY_CLASSES.join(', ')}`;
    throw invalid(`${path}.class`, rule, `the table grants to a class of agencies that is not known (${path}.class)`, 'TABLE_CLASS_UNKNOWN');
  }
  for (const [field, one] of Object.entries(value)) checkClasses(one, `${path}.${field}`);
}

type Rule = MatrixItem['requesters'][number];
const ruleKey = ({ class: name, condition, localGovernments }: Rule): readonly string[] =>
  localGovernments === undefined ? [`${name} ${condition ?? ''}`] : localGovernments.map((code) => `${name} ${condition ?? ''} ${code}`);

/** Nobody is granted the same twice, in one item or in two of the same affair: a decision cites one grant of one item. */
function checkOverlaps(items: readonly MatrixItem[]): void {
  const overlap = (field: string, what: string): DomainError => invalid(field, 'once', `the table overlaps: ${what} (${field})`, 'TABLE_OVERLAPS');
  const byAffair = new Map<string, Set<string>>();
  const affairs = new Map<string, number>();
  const numbers = new Set<string>();
  for (const [index, { item }] of items.entries()) {
    if (numbers.has(item)) throw overlap(`items[${index}]`, `item ${item} stands twice`);
    numbers.add(item);
  }
  for (const { affair } of items) affairs.set(affair, (affairs.get(affair) ?? 0) + 1);
  for (const [index, item] of items.entries()) {
    const asking = new Set<string>();
    for (const key of item.requesters.flatMap(ruleKey)) {
      if (asking.has(key)) throw overlap(`items[${index}].requesters`, `item ${item.item} names ${key.trim()} twice as requester`);
      asking.add(key);
    }
    const own = new Set<string>();
    for (const [at, grant] of item.grants.entries()) {
      for (const key of grantKeys(grant)) {
        if (own.has(key)) throw overlap(`items[${index}].grants[${at}]`, `item ${item.item} grants ${key.trim()} twice`);
        own.add(key);
      }
    }
    if (affairs.get(item.affair) === 1) continue;
    const ofAffair = byAffair.get(item.affair) ?? new Set<string>();
    byAffair.set(item.affair, ofAffair);
    for (const asker of asking) {
      for (const key of own) {
        const name = `${asker} ← ${key}`;
        if (ofAffair.has(name)) throw overlap(`items[${index}]`, `item ${item.item} grants ${name} as an earlier item does`);
        ofAffair.add(name);
      }
    }
  }
}

const grantKeys = ({ information }: MatrixItem['grants'][number]): readonly string[] =>
  information.flatMap(({ code, providers }) => providers.flatMap(ruleKey).map((key) => `${code} ${key}`));
