import { DomainError } from '#libs/kernel';
import { compileValidator } from '../validation/compile.js';
import type { FieldProblem } from '../validation/field-problem.js';
import type { JsonSchema } from '../validation/json-schema.js';

const variables = new WeakMap<object, Map<string, string>>();

/** Names the environment variable that a field of a configuration class is read from. */
export function FromVariable(name: string): PropertyDecorator {
  if (!/^[A-Z][A-Z0-9_]*$/.test(name)) throw new TypeError('a variable is named in upper case');
  return (target, property) => {
    const own = variables.get(target) ?? new Map<string, string>();
    variables.set(target, own.set(String(property), name));
  };
}

/** Field → variable, of a class and those above it. */
function variablesOf(type: new () => object): ReadonlyMap<string, string> {
  const chain: Map<string, string>[] = [];
  for (let at = type.prototype as object | null; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const own = variables.get(at);
    if (own) chain.unshift(own);
  }
  return new Map(chain.flatMap((own) => [...own]));
}

/** Variables that are missing or wrong, by name and rule; values are never shown. The app exits with EXIT.configuration. */
export class ConfigurationError extends DomainError {
  override readonly name = 'ConfigurationError';
  constructor(readonly problems: readonly FieldProblem[]) {
    super('CONFIGURATION', 'invalid', ['the configuration is not usable:', ...problems.map(({ field, message }) => `  ${field} ${message}`)].join('\n'));
  }
}

function fromVariable(text: string, schema: JsonSchema): unknown {
  if (schema['type'] === 'integer' && /^-?[0-9]{1,15}$/.test(text)) return Number(text);
  if (schema['type'] === 'boolean' && /^(?:true|false)$/.test(text)) return text === 'true';
  return text;
}

/**
 * One validated class an app: each field says its variable (FromVariable), its rules (the validation decorators) and,
 * where it may be left out, its default (an initialiser; MayBeOmitted where there is none). An empty variable counts as
 * missing. Throws ConfigurationError with all that is wrong.
 */
export function loadConfiguration<T extends object>(type: new () => T, environment: Readonly<Record<string, string | undefined>>): T {
  const { properties = {} } = compileValidator(type).schema;
  const names = variablesOf(type);
  const configuration = new type() as T & Record<string, unknown>;
  for (const field of Object.keys(properties)) {
    const variable = names.get(field);
    if (variable === undefined) throw new TypeError(`${type.name}.${field} names no variable`);
    const text = environment[variable];
    if (text !== undefined && text !== '') (configuration as Record<string, unknown>)[field] = fromVariable(text, properties[field] ?? {});
  }
  const problems = compileValidator(type)(configuration).map((problem) => ({ ...problem, field: names.get(problem.field) ?? problem.field }));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return Object.freeze(configuration);
}

/** The assignments of a `.env` file: comments and blank lines skipped, no quoting, no expansion. */
export function parseEnvironmentFile(text: string): Readonly<Record<string, string>> {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

/**
 * What keeps an `.env.example` from being true: variables it lacks, variables nobody reads, values that do not load.
 * Optional variables may stand commented out (`# NAME=value`), but must stand there. Empty when all is well.
 */
export function checkEnvironmentExample(type: new () => object, text: string): readonly string[] {
  const names = new Set(variablesOf(type).values());
  const given = parseEnvironmentFile(text);
  const commented = parseEnvironmentFile(text.replace(/^# ?(?=[A-Z][A-Z0-9_]*=)/gm, ''));
  const findings = [
    ...[...names].filter((name) => !(name in commented)).map((name) => `${name} is missing`),
    ...Object.keys(commented)
      .filter((name) => !names.has(name))
      .map((name) => `${name} is read by nobody`),
  ];
  for (const [what, environment] of [
    ['as it stands', given],
    ['with everything uncommented', commented],
  ] as const) {
    try {
      loadConfiguration(type, environment);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      findings.push(...error.problems.map(({ field, message }) => `${field} ${message} (${what})`));
    }
  }
  return findings;
}
