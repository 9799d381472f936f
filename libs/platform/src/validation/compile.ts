import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { FIELD_PROBLEMS_MAX, type FieldProblem } from './field-problem.js';
import { type Class, type JsonSchema, type RulesMet, schemaOf } from './json-schema.js';

/** Values walked to find every problem of a refused object; a larger one is told its first problem only. */
const NODES_MAX = 5_000;

/** Tells what is wrong with a value: nothing when it is as the class says. */
export interface Validator<T extends object> {
  (value: unknown): readonly FieldProblem[];
  /** The verdict alone, without the reasons. */
  accepts(value: unknown): value is T;
  readonly schema: JsonSchema;
}

function ajvWith(rules: RulesMet, allErrors: boolean): Ajv {
  const ajv = new Ajv({ strict: true, strictTypes: false, allErrors, strictNumbers: true, messages: false, addUsedSchema: false });
  const objectRules = new Map([...rules].filter(([, rule]) => rule.type === 'object'));
  ajv.addKeyword({ keyword: 'rule', schemaType: 'string', compile: (name: string) => objectRules.get(name)?.test ?? (() => false), errors: false });
  for (const [name, rule] of rules) if (rule.type === 'string') ajv.addFormat(name, rule.test);
  return ajv;
}

/** `/persons/2/birthday` → `persons[2].birthday`. */
function pathOf(pointer: string): string {
  let path = '';
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path += /^[0-9]+$/.test(name) ? `[${name}]` : path === '' ? name : `.${name}`;
  }
  return path;
}
const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);
/** A name that a caller made up is repeated only where it looks like a field's. */
const nameable = (name: string): string => (/^[A-Za-z][A-Za-z_-]{0,39}$/.test(name) ? name : '(unnamed)');

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
};

function problemOf(error: ErrorObject, rules: RulesMet): FieldProblem {
  const path = pathOf(error.instancePath);
  const field = path === '' ? 'body' : path;
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case 'required':
      return { field: join(path, String(params['missingProperty'])), rule: 'required', message: 'is missing' };
    case 'additionalProperties':
      return { field: join(path, nameable(String(params['additionalProperty']))), rule: 'unknown-field', message: 'is not a field here' };
    case 'type':
      return { field, rule: 'type', message: `must be ${TYPE_NAMES[String(params['type'])] ?? String(params['type'])}` };
    case 'enum':
      return { field, rule: 'one-of', message: `must be one of ${(params['allowedValues'] as readonly unknown[]).join(', ')}` };
    case 'minimum':
      return { field, rule: 'minimum', message: `must be at least ${String(params['limit'])}` };
    case 'maximum':
      return { field, rule: 'maximum', message: `must be at most ${String(params['limit'])}` };
    case 'minItems':
      return { field, rule: 'items-min', message: `must hold at least ${String(params['limit'])} items` };
    case 'maxItems':
      return { field, rule: 'items-max', message: `must hold at most ${String(params['limit'])} items` };
    case 'pattern':
      return { field, rule: 'pattern', message: 'is not in the form asked for' };
    default: {
      const name = String(error.keyword === 'format' ? params['format'] : error.schemaPath.split('/').at(-1));
      const rule = rules.get(name);
      return { field, rule: rule?.name ?? error.keyword, message: rule?.message ?? 'is not as asked for' };
    }
  }
}

/** True when the value holds no more than `max` values, itself included. Iterative: depth can't overflow the stack. */
function isSmall(value: unknown, max: number): boolean {
  const pending: unknown[] = [value];
  let seen = 0;
  while (pending.length > 0) {
    seen += 1;
    if (seen + pending.length > max) return false;
    const next = pending.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inner = Array.isArray(next) ? (next as unknown[]) : Object.values(next);
    if (inner.length > max) return false;
    for (const item of inner) pending.push(item);
  }
  return true;
}

const compiled = new WeakMap<Class, Validator<object>>();

/**
 * The validator of a DTO class, compiled once a class (about a millisecond). It never changes the value. Throws TypeError
 * where a decorator of the class has no exact JSON Schema.
 */
export function compileValidator<T extends object>(type: Class<T>): Validator<T> {
  const known = compiled.get(type);
  if (known) return known as Validator<T>;
  const rules: RulesMet = new Map();
  const schema = schemaOf(type, rules);
  const quick = ajvWith(rules, false).compile(schema);
  let thorough: ValidateFunction | undefined;
  const validate = (value: unknown): readonly FieldProblem[] => {
    if (quick(value)) return [];
    if (!isSmall(value, NODES_MAX)) return (quick.errors ?? []).map((error) => problemOf(error, rules));
    thorough ??= ajvWith(rules, true).compile(schema);
    thorough(value);
    return (thorough.errors ?? []).slice(0, FIELD_PROBLEMS_MAX).map((error) => problemOf(error, rules));
  };
  const validator = Object.assign(validate, { accepts: (value: unknown): value is T => quick(value), schema }) as Validator<T>;
  compiled.set(type, validator);
  return validator;
}

export interface BatchVerdict<T extends object> {
  readonly valid: readonly { readonly line: number; readonly value: T }[];
  readonly refused: readonly { readonly line: number; readonly problems: readonly FieldProblem[] }[];
}

/** Judges every line alone. Lines count from `firstLine` (1); each problem carries its line's number. */
export function validateBatch<T extends object>(type: Class<T>, lines: readonly unknown[], firstLine = 1): BatchVerdict<T> {
  const validator = compileValidator(type);
  const valid: { line: number; value: T }[] = [];
  const refused: { line: number; problems: readonly FieldProblem[] }[] = [];
  for (const [index, value] of lines.entries()) {
    const line = firstLine + index;
    if (validator.accepts(value)) valid.push({ line, value });
    else refused.push({ line, problems: validator(value).map((problem) => ({ ...problem, line })) });
  }
  return { valid, refused };
}
