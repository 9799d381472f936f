import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsBoolean, IsIn, IsInt, IsObject, Max, Min, ValidateBy, ValidateIf, ValidateNested } from 'class-validator';
import * as rules from './rules.js';
import type { Rule } from './rules.js';

/** Makes a field a list of what the decorator says, of min (0) to max items. */
export interface ListOptions {
  readonly list?: { readonly min?: number; readonly max: number };
  /** Shown in the documentation. */
  readonly description?: string;
}

const ITEMS_DEFAULT_MIN = 0;
/** Lines of one batch (design.md §2). */
export const BATCH_LINES_MAX = 1_000;

/** True where a field was given: the condition under which an omittable field is validated. `null` is given, and wrong. */
export const isGiven = (object: object, field: string): boolean => (object as Record<string, unknown>)[field] !== undefined;
const conditions = new WeakSet<object>();
export const isOmittableCondition = (condition: object): boolean => conditions.has(condition);

/** The field may be left out. `null` is not the same and is refused. */
export function MayBeOmitted(): PropertyDecorator {
  return (target, property) => {
    const condition = (object: object): boolean => isGiven(object, String(property));
    conditions.add(condition);
    ValidateIf(condition)(target, String(property));
    // the documentation's entry may be written before or after this one: what is written last wins, so defer to neither
    ApiProperty({ required: false })(target, property);
    omittable(target).add(String(property));
  };
}

const omittables = new WeakMap<object, Set<string>>();
function omittable(target: object): Set<string> {
  let names = omittables.get(target);
  if (!names) omittables.set(target, (names = new Set()));
  return names;
}

/** ApiProperty that keeps `required: false` of a MayBeOmitted on the same field, in whichever order they stand. */
function documented(options: ApiPropertyOptions): PropertyDecorator {
  return (target, property) => {
    ApiProperty({ ...options, ...(omittable(target).has(String(property)) ? { required: false } : {}) } as ApiPropertyOptions)(target, property);
  };
}

const sizes = ({ min = ITEMS_DEFAULT_MIN, max }: { readonly min?: number; readonly max: number }): PropertyDecorator[] => [
  IsArray(),
  ArrayMinSize(min),
  ArrayMaxSize(max),
];
const described = (options: ListOptions): { description?: string } => (options.description === undefined ? {} : { description: options.description });
const listDocs = ({ min = ITEMS_DEFAULT_MIN, max }: { readonly min?: number; readonly max: number }) => ({ isArray: true, minItems: min, maxItems: max });

/** A field that follows a rule; apps make their own decorators with it from predicates of `domain`. */
export function Follows(rule: Rule, options: ListOptions = {}): PropertyDecorator {
  const { list } = options;
  const each = list !== undefined;
  const check = ValidateBy(
    { name: rule.name, constraints: [rule], validator: { validate: rule.test, defaultMessage: () => `$property ${rule.message}` } },
    { each },
  );
  const docs = { type: rule.type, format: rule.name, ...rule.docs, ...described(options), ...(list ? listDocs(list) : {}) };
  return applyDecorators(...(list ? sizes(list) : []), check, documented(docs as ApiPropertyOptions));
}

export const IsAgencyCode = (options?: ListOptions): PropertyDecorator => Follows(rules.AGENCY_CODE, options);
export const IsAffairCode = (options?: ListOptions): PropertyDecorator => Follows(rules.AFFAIR_CODE, options);
export const IsProcedureCode = (options?: ListOptions): PropertyDecorator => Follows(rules.PROCEDURE_CODE, options);
export const IsInformationCode = (options?: ListOptions): PropertyDecorator => Follows(rules.INFORMATION_CODE, options);
export const IsServerId = (options?: ListOptions): PropertyDecorator => Follows(rules.SERVER_ID, options);
export const IsInAgencyNumber = (options?: ListOptions): PropertyDecorator => Follows(rules.IN_AGENCY_NUMBER, options);
export const IsUuidV7 = (options?: ListOptions): PropertyDecorator => Follows(rules.UUID_V7, options);
export const IsCalendarDay = (options?: ListOptions): PropertyDecorator => Follows(rules.CALENDAR_DAY, options);
export const IsCalendarMonth = (options?: ListOptions): PropertyDecorator => Follows(rules.CALENDAR_MONTH, options);
export const IsCalendarYear = (options?: ListOptions): PropertyDecorator => Follows(rules.CALENDAR_YEAR, options);
export const IsInstant = (options?: ListOptions): PropertyDecorator => Follows(rules.INSTANT_RULE, options);
export const IsHttpAddress = (options?: ListOptions): PropertyDecorator => Follows(rules.HTTP_ADDRESS, options);
/** Who may operate or audit a server: `OPERATORS`, `AUDITORS` (see `namedKeys`). */
export const IsNamedKeys = (options?: ListOptions): PropertyDecorator => Follows(rules.NAMED_KEYS, options);
export const IsDigits = (count: number, options?: ListOptions): PropertyDecorator => Follows(rules.digits(count), options);
/** Well-formed text of min (1) to max code points. */
export const IsText = ({ min = 1, max, ...options }: ListOptions & { readonly min?: number; readonly max: number }): PropertyDecorator =>
  Follows(rules.boundedText(min, max), options);
export const IsBase64Url = ({
  bytesMin = 1,
  bytesMax,
  ...options
}: ListOptions & { readonly bytesMin?: number; readonly bytesMax: number }): PropertyDecorator => Follows(rules.base64url(bytesMin, bytesMax), options);
/** An object that can be stored: see `content`. */
export const IsContent = ({ bytesMax, ...options }: ListOptions & { readonly bytesMax: number }): PropertyDecorator =>
  Follows(rules.content(bytesMax), options);

/** A whole number of min to max, both included. */
export const IsWholeNumber = ({ min, max, description }: { readonly min: number; readonly max: number; readonly description?: string }): PropertyDecorator =>
  applyDecorators(
    IsInt(),
    Min(min),
    Max(max),
    documented({ type: 'integer', minimum: min, maximum: max, ...(description === undefined ? {} : { description }) }),
  );

export const IsFlag = (options: { readonly description?: string } = {}): PropertyDecorator =>
  applyDecorators(IsBoolean(), documented({ type: 'boolean', ...options }));

/** One of the strings given. */
export function IsOneOf(values: readonly string[], options: ListOptions = {}): PropertyDecorator {
  const { list } = options;
  return applyDecorators(
    ...(list ? sizes(list) : []),
    IsIn(values, { each: list !== undefined }),
    documented({ enum: [...values], ...described(options), ...(list ? listDocs(list) : {}) }),
  );
}

type ClassOf = () => new () => object;
const nestedTypes = new WeakMap<object, Map<string, ClassOf>>();
/** The class of a nested field, as IsNested or IsNestedList declared it on this prototype or one above it. */
export function nestedType(prototype: object, property: string): (new () => object) | undefined {
  for (let at: object | null = prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const found = nestedTypes.get(at)?.get(property);
    if (found) return found();
  }
  return undefined;
}
const nests =
  (type: ClassOf): PropertyDecorator =>
  (target, property) => {
    const types = nestedTypes.get(target) ?? new Map<string, ClassOf>();
    nestedTypes.set(target, types.set(String(property), type));
  };

/** A nested object of the class given. */
export const IsNested = (type: ClassOf, options: { readonly description?: string } = {}): PropertyDecorator =>
  applyDecorators(IsObject(), ValidateNested(), Type(type), nests(type), documented({ type: () => type(), ...options }));

/** A list of nested objects; one bad item refuses the whole request. For lines that stand alone see `IsLines`. */
export const IsNestedList = (
  type: ClassOf,
  { min = 0, max, ...options }: { readonly min?: number; readonly max: number; readonly description?: string },
): PropertyDecorator =>
  applyDecorators(
    ...sizes({ min, max }),
    IsObject({ each: true }),
    ValidateNested({ each: true }),
    Type(type),
    nests(type),
    documented({ type: () => type(), ...listDocs({ min, max }), ...options }),
  );

/**
 * The lines of a batch: here only their number is checked (1 to max); the handler gives them to `validateBatch`, so that
 * a bad line is refused alone, with its number.
 */
export const IsLines = (
  type: ClassOf,
  { max = BATCH_LINES_MAX, ...options }: { readonly max?: number; readonly description?: string } = {},
): PropertyDecorator => applyDecorators(...sizes({ min: 1, max }), documented({ type: () => type(), ...listDocs({ min: 1, max }), ...options }));
