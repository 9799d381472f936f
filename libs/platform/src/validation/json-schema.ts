import { getMetadataStorage, ValidationTypes } from 'class-validator';
import * as cv from 'class-validator';
import { targetConstructorToSchema } from 'class-validator-jsonschema';
import { isOmittableCondition, nestedType } from './decorators.js';
import { Rule } from './rules.js';

export type Class<T extends object = object> = abstract new () => T;
/** A JSON Schema of draft 7 as far as we write it. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
}
type Metadata = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];
type Converters = NonNullable<NonNullable<Parameters<typeof targetConstructorToSchema>[1]>['additionalConverters']>;

const NESTING_MAX = 8;

/** What is checked: the rule's own name for a constraint, else the kind of metadata. */
const nameOf = (meta: Metadata): string => (meta.type === ValidationTypes.CUSTOM_VALIDATION ? (meta.name ?? meta.type) : meta.type);
const ruleOf = (meta: Metadata): Rule | undefined => {
  const [first] = (meta.constraints ?? []) as readonly unknown[];
  return first instanceof Rule ? first : undefined;
};

/**
 * The decorators of class-validator whose meaning JSON Schema can say exactly. Any other is refused when a class is
 * compiled: a definition that means two things in two validators is worse than none.
 */
const EXACT: Converters = {
  [cv.IS_STRING]: { type: 'string' },
  [cv.IS_BOOLEAN]: { type: 'boolean' },
  [cv.IS_INT]: { type: 'integer' },
  [cv.IS_OBJECT]: { type: 'object' },
  [cv.IS_ARRAY]: { type: 'array' },
  // without a type: merged over IsInt's it would win, and let fractions pass
  [cv.MIN]: (meta) => ({ minimum: constraint(meta, 0) }),
  [cv.MAX]: (meta) => ({ maximum: constraint(meta, 0) }),
  [cv.ARRAY_MIN_SIZE]: (meta) => ({ type: 'array', minItems: constraint(meta, 0) }),
  [cv.ARRAY_MAX_SIZE]: (meta) => ({ type: 'array', maxItems: constraint(meta, 0) }),
  [cv.ARRAY_NOT_EMPTY]: { type: 'array', minItems: 1 },
  [cv.IS_IN]: (meta) => ({ enum: (meta.constraints as readonly unknown[])[0] as unknown[] }),
  [cv.IS_ENUM]: (meta) => ({ enum: Object.values((meta.constraints as readonly object[])[0] ?? {}) as unknown[] }),
  [cv.MATCHES]: (meta) => ({ type: 'string', pattern: ((meta.constraints as readonly unknown[])[0] as RegExp).source }),
};
const constraint = (meta: { readonly constraints?: readonly unknown[] }, index: number): number => Number(meta.constraints?.[index]);

/** Rules met while a schema is made, by name: the compiler registers them as formats or keywords. */
export type RulesMet = Map<string, Rule>;

function metadataOf(type: Class): readonly Metadata[] {
  return getMetadataStorage().getTargetValidationMetadatas(type, '', true, false);
}

const validated = new WeakMap<object, boolean>();
/** True for a class with validation decorators. Decorators have all run when a class is first asked about. */
export function isValidated(type: unknown): type is Class {
  if (typeof type !== 'function') return false;
  let known = validated.get(type);
  if (known === undefined) validated.set(type, (known = metadataOf(type as Class).length > 0));
  return known;
}

function refuse(type: Class, property: string, reason: string): never {
  throw new TypeError(`${type.name}.${property} can't be compiled: ${reason}`);
}

/** Refuses what would mean one thing to class-validator and another to JSON Schema. */
function audit(type: Class, rulesMet: RulesMet): void {
  const byProperty = new Map<string, Metadata[]>();
  for (const meta of metadataOf(type)) {
    const metas = byProperty.get(meta.propertyName);
    if (metas) metas.push(meta);
    else byProperty.set(meta.propertyName, [meta]);
  }
  for (const [property, metas] of byProperty) auditProperty(type, property, metas, rulesMet);
}

function auditProperty(type: Class, property: string, metas: readonly Metadata[], rulesMet: RulesMet): void {
  const names = new Set(metas.map(nameOf));
  if (names.size !== metas.length) refuse(type, property, 'a decorator stands twice');
  if (metas.filter((meta) => ruleOf(meta)).length > 1) refuse(type, property, 'it follows two rules: one format is all a schema can say');
  for (const meta of metas) {
    const reason = reasonAgainst(meta, names);
    if (reason !== undefined) refuse(type, property, reason);
    const rule = ruleOf(meta);
    if (!rule) continue;
    const known = rulesMet.get(rule.name);
    // rules that are made with a number (boundedText) are one object a use: the same message is the same rule
    if (known && known.test !== rule.test && known.message !== rule.message) refuse(type, property, `two rules are named ${rule.name}`);
    if (!known) rulesMet.set(rule.name, rule);
  }
}

/** Why a decorator has no exact JSON Schema, beside the others (`names`) on its field; undefined where it has one. */
function reasonAgainst(meta: Metadata, names: ReadonlySet<string>): string | undefined {
  const name = nameOf(meta);
  const [first] = (meta.constraints ?? []) as readonly unknown[];
  if (meta.groups?.length || meta.validateIf) return 'groups and validateIf have no JSON Schema';
  if (meta.each && !names.has(cv.IS_ARRAY)) return "'each' needs IsArray beside it";
  if (ruleOf(meta)) return undefined;
  if (meta.type === ValidationTypes.NESTED_VALIDATION)
    return names.has(cv.IS_OBJECT) ? undefined : 'ValidateNested needs IsObject beside it: use IsNested or IsNestedList';
  if (meta.type === ValidationTypes.CONDITIONAL_VALIDATION)
    return isOmittableCondition(first as object) ? undefined : 'a condition other than MayBeOmitted has no JSON Schema';
  if (!Object.hasOwn(EXACT, name)) return `${name} has no exact JSON Schema: use a rule`;
  if ((name === cv.MIN || name === cv.MAX) && !names.has(cv.IS_INT)) return `${name} needs IsInt beside it`;
  if (name === cv.MATCHES && (first as RegExp).flags.replace('u', '') !== '') return 'flags of a pattern have no JSON Schema';
  return undefined;
}

/**
 * The JSON Schema of a class with class-validator decorators: unknown fields refused, nested classes inlined, rules as
 * `format` (strings) or `rule` (objects). Throws TypeError for a decorator that has no exact JSON Schema.
 */
export function schemaOf(type: Class, rulesMet: RulesMet, depth = 0): JsonSchema {
  if (depth > NESTING_MAX) refuse(type, '', `classes nest deeper than ${NESTING_MAX}`);
  if (!isValidated(type)) throw new TypeError('a class without validation decorators cannot be compiled');
  audit(type, rulesMet);
  const nested: Converters[string] = (meta) => {
    const owner = meta.target as Class;
    const child = nestedType(owner.prototype as object, meta.propertyName);
    if (!child) return refuse(owner, meta.propertyName, 'ValidateNested alone names no class: use IsNested or IsNestedList');
    return { ...schemaOf(child, rulesMet, depth + 1) };
  };
  const schema = targetConstructorToSchema(type as unknown as NewableFunction, {
    additionalConverters: {
      ...EXACT,
      [ValidationTypes.NESTED_VALIDATION]: nested,
      [ValidationTypes.CUSTOM_VALIDATION]: (meta) => {
        const rule = ruleOf(meta as unknown as Metadata);
        if (!rule) return refuse(meta.target as Class, meta.propertyName, 'a check without a rule');
        return rule.type === 'string' ? { type: 'string', format: rule.name } : { type: rule.type, rule: rule.name };
      },
    },
  }) as JsonSchema;
  return { ...schema, additionalProperties: false };
}
