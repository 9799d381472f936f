// Who may import whom (the rules of the layout in CONTRIBUTING.md). `npm run boundaries` runs this over the tree; with a directory as
// argument it checks that tree instead. Prints one line a violation, `file:line  what is wrong`; exit status 1 where there is one.
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/**
 * The libraries, lowest first. `imports`: libs it may import. `packages`: npm packages it may use, `any` or `none`, or any `without-nest`.
 * `node`: whether it may use Node's own modules. `inTests`: libs that its tests may import besides, real ones for its ports.
 */
export const LIBS = {
  kernel: { imports: [], packages: 'none', node: false },
  domain: { imports: ['kernel'], packages: 'none', node: false },
  'reference-data': { imports: ['kernel', 'domain'], packages: 'any', node: true },
  'event-store': { imports: ['kernel'], packages: 'any', node: true },
  proofs: { imports: ['kernel', 'domain'], packages: 'without-nest', node: false },
  ledger: { imports: ['kernel', 'proofs'], inTests: ['event-store'], packages: 'without-nest', node: true },
  cryptography: { imports: ['kernel'], packages: 'any', node: true },
  commands: { imports: ['kernel', 'domain', 'event-store', 'proofs', 'ledger', 'cryptography'], packages: 'any', node: true },
  'read-models': { imports: ['kernel', 'domain', 'event-store', 'cryptography'], packages: 'any', node: true },
  'feed-schemas': { imports: ['kernel'], packages: 'without-nest', node: true },
  feed: { imports: ['kernel', 'domain', 'event-store', 'cryptography', 'feed-schemas'], packages: 'without-nest', node: true },
  'agency-sdk': { imports: ['kernel', 'feed-schemas'], packages: 'without-nest', node: true },
  platform: { imports: ['kernel'], packages: 'any', node: true },
  protocol: { imports: ['kernel', 'platform', 'proofs'], packages: 'any', node: true },
  'ledger-service': {
    imports: ['kernel', 'domain', 'event-store', 'proofs', 'ledger', 'cryptography', 'commands', 'platform', 'protocol'],
    packages: 'any',
    node: true,
  },
  'read-models-service': { imports: ['kernel', 'cryptography', 'read-models', 'platform'], packages: 'any', node: true },
  terminal: { imports: ['kernel'], packages: 'without-nest', node: true },
  charts: { imports: ['kernel'], packages: 'without-nest', node: true },
  audit: { imports: ['kernel', 'domain', 'reference-data', 'event-store', 'cryptography'], packages: 'without-nest', node: true },
};
/** The one app that may import other apps: it composes them. */
const COMPOSES_APPS = 'sandbox';

/** Servers and doubles for tests: open to every test by a relative path. */
const TEST_SUPPORT = 'test/support/';

/** Code that never ships: it may use development dependencies, and shipped code may not import it. */
const isTestFile = (path) => /\.spec\.ts$|\.contract\.ts$/.test(path) || /^(?:test|apps\/[^/]+\/test)\//.test(path);

/** Where a file belongs: `{ kind: 'lib' | 'app' | 'test', name }`. */
function ownerOf(path) {
  const [top, name] = path.split('/');
  if (top === 'libs') return { kind: 'lib', name };
  if (top === 'apps') return { kind: 'app', name };
  return { kind: 'test', name: 'test' };
}

/** All TypeScript files of libs/, apps/ and test/, relative to the root, with forward slashes. */
function sourceFiles(root) {
  return ['libs', 'apps', 'test']
    .filter((directory) => existsSync(join(root, directory)))
    .flatMap((directory) => readdirSync(join(root, directory), { recursive: true }).map((path) => join(directory, path).split(sep).join('/')))
    .filter((path) => /\.ts$/.test(path) && !/(^|\/)(node_modules|dist|fixtures)\//.test(path))
    .sort();
}

const isImportMetaUrl = (node) => node !== undefined && ts.isPropertyAccessExpression(node) && ts.isMetaProperty(node.expression) && node.name.text === 'url';

/** The node that names the module which `node` imports, whichever way it does; undefined where it imports nothing. */
function specifierOf(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportEqualsDeclaration(node)) return ts.isExternalModuleReference(node.moduleReference) ? node.moduleReference.expression : undefined;
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  if (ts.isCallExpression(node)) {
    const loads = node.expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(node.expression) && node.expression.text === 'require');
    return loads ? node.arguments[0] : undefined;
  }
  if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'URL' && isImportMetaUrl(node.arguments?.[1])) {
    const [name] = node.arguments;
    return ts.isStringLiteralLike(name) && name.text.endsWith('.js') ? name : undefined; // a worker; other files are data
  }
  return undefined;
}

/** @returns {{ specifier: string | undefined, line: number }[]} undefined: the name is computed */
export function importsOf(path, text) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false);
  const found = [];
  const visit = (node) => {
    const specifier = specifierOf(node);
    if (specifier) {
      const line = source.getLineAndCharacterOfPosition(specifier.getStart(source)).line + 1;
      found.push({ specifier: ts.isStringLiteralLike(specifier) ? specifier.text : undefined, line });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const packageOf = (specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

function checkRelative(from, specifier, known) {
  const target = posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
  const owner = ownerOf(from);
  if (owner.kind === 'test') return undefined;
  if (isTestFile(from) && target.startsWith(TEST_SUPPORT)) return known.has(target) ? undefined : `imports ${specifier}, which does not exist`;
  if (!target.startsWith(`${owner.kind}s/${owner.name}/`)) return `leaves ${owner.kind} ${owner.name} by a relative import (${specifier})`;
  if (specifier.endsWith('.js') && !known.has(target)) return `imports ${specifier}, which does not exist`;
  return !isTestFile(from) && isTestFile(target) ? `ships, so it may not import the test ${specifier}` : undefined;
}

function checkAlias(from, specifier) {
  const owner = ownerOf(from);
  const [, group, name, deeper] = /^#(libs|apps)\/([^/]+)(\/.*)?$/.exec(specifier) ?? [];
  if (!group) return `imports ${specifier}: there are only #libs/… and #apps/…`;
  if (deeper) return `imports ${specifier}: only the index, #${group}/${name}, is open to others`;
  if (owner.kind === 'test') return undefined;
  if (owner.name === name && owner.kind === group.slice(0, -1)) {
    return isTestFile(from) ? undefined : `imports its own index (${specifier}): use relative imports inside`;
  }
  if (group === 'apps') {
    return owner.kind === 'app' && owner.name === COMPOSES_APPS ? undefined : `${owner.kind} ${owner.name} may not import app ${name}`;
  }
  if (!(name in LIBS)) return `imports ${specifier}, which is no known lib`;
  if (owner.kind === 'app') return undefined;
  const { imports, inTests = [] } = LIBS[owner.name];
  const allowed = isTestFile(from) ? [...imports, ...inTests] : imports;
  return allowed.includes(name) ? undefined : `lib ${owner.name} may not import ${name} (only ${allowed.join(', ') || 'nothing'})`;
}

function checkPackage(from, specifier, dependencies) {
  if (isTestFile(from)) return undefined;
  const owner = ownerOf(from);
  const rules = owner.kind === 'lib' ? LIBS[owner.name] : { packages: 'any', node: true };
  if (isBuiltin(specifier)) {
    if (!rules.node) return `lib ${owner.name} is pure: it may not import ${specifier}`;
    return specifier.startsWith('node:') ? undefined : `imports ${specifier}: write node:${specifier}`;
  }
  const name = packageOf(specifier);
  if (rules.packages === 'none') return `lib ${owner.name} is pure: it may not import the package ${name}`;
  if (rules.packages === 'without-nest' && name.startsWith('@nestjs/')) return `lib ${owner.name} is free of Nest: it may not import ${name}`;
  return dependencies.has(name) ? undefined : `imports ${name}, which is not in package.json's dependencies`;
}

function checkImport(from, specifier, { known, dependencies }) {
  if (specifier === undefined) return isTestFile(from) ? undefined : 'imports a module by a computed name, which nobody can check';
  if (specifier.startsWith('.')) return checkRelative(from, specifier, known);
  if (specifier.startsWith('#')) return checkAlias(from, specifier);
  if (specifier.startsWith('/') || specifier.startsWith('file:')) return `imports ${specifier} by its place on a machine`;
  return checkPackage(from, specifier, dependencies);
}

/** The subject a file of a lib belongs to: its folder under src, or for a file straight in src its name up to the first dot. */
function subjectOf(path) {
  const [first, ...rest] = path.split('/').slice(3);
  return rest.length > 0 ? first : first.split('.')[0];
}

/** Groups of nodes that reach each other (Tarjan), each with two nodes or more. */
function cycles(graph) {
  const state = new Map();
  const stack = [];
  const groups = [];
  const connect = (node) => {
    const own = { index: state.size, low: state.size, open: true };
    state.set(node, own);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      const other = state.get(next) ?? connect(next);
      if (other.open) own.low = Math.min(own.low, other.low);
    }
    if (own.low === own.index) {
      const group = stack.splice(stack.indexOf(node));
      for (const member of group) state.get(member).open = false;
      if (group.length > 1) groups.push(group);
    }
    return own;
  };
  for (const node of graph.keys()) if (!state.has(node)) connect(node);
  return groups;
}

/** Files of one lib that import each other in a circle, where the circle spans subjects. */
function subjectCycles(graph) {
  return cycles(graph)
    .filter((group) => new Set(group.map(subjectOf)).size > 1)
    .map((group) => `${group.sort()[0]}:1  imports itself in a circle across subjects: ${group.join(', ')}`);
}

/** Every lib on disk has a row in the table, every row names known libs, and the table has no circle. */
function checkTable(root) {
  const present = existsSync(join(root, 'libs')) ? readdirSync(join(root, 'libs')).filter((name) => existsSync(join(root, 'libs', name, 'src'))) : [];
  return [
    ...present.filter((name) => !(name in LIBS)).map((name) => `libs/${name}:1  is not in the table of test/architecture/import-rules.mjs`),
    ...cycles(new Map(Object.entries(LIBS).map(([name, { imports }]) => [name, imports]))).map(
      (group) => `the table lets libs import each other: ${group.join(', ')}`,
    ),
  ];
}

/**
 * Checks a tree.
 * @param {string} root directory with package.json, libs/, apps/ and test/
 * @returns {string[]} violations, `file:line  what is wrong`
 */
export function checkTree(root) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const files = sourceFiles(root);
  const context = { known: new Set(files), dependencies: new Set(Object.keys(manifest.dependencies ?? {})) };
  const graph = new Map();
  const violations = checkTable(root);
  for (const path of files) {
    const owner = ownerOf(path);
    if (owner.kind === 'lib' && !(owner.name in LIBS)) continue;
    const targets = [];
    for (const { specifier, line } of importsOf(path, readFileSync(join(root, path), 'utf8'))) {
      const wrong = checkImport(path, specifier, context);
      if (wrong) violations.push(`${path}:${line}  ${wrong}`);
      else if (specifier?.startsWith('.')) targets.push(posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts'));
    }
    if (owner.kind === 'lib' && !isTestFile(path)) graph.set(path, targets);
  }
  return [...violations, ...subjectCycles(graph)];
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..');
  const violations = checkTree(root);
  for (const violation of violations) process.stdout.write(`${violation}\n`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
