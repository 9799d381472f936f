// Makes the agency SDK a package of its own, dist/packages/agency-sdk: the compiled files that its index reaches, in this
// library and in those it stands on, their types, a package.json with what they import, README and LICENSE.
// With a directory as argument it is made there. `npm pack` and `npm publish` take it as it is.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, cpSync } from 'node:fs';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import { isBuiltin } from 'node:module';
import ts from 'typescript';
import { build } from './build.mjs';
import { isMain, line, ROOT } from './report.mjs';

const LIB = 'agency-sdk';
const INDEX = `libs/${LIB}/src/index`;
/** Loaded only by whoever uses them. */
const OPTIONAL = ['kafkajs'];
/** Types only: of the language, and of the inbox's database where the agency uses that one. */
const TYPES = { '@types/node': '>=20.19.0' };
/** Loaded where `import.meta.url` names them: schemas, golden messages, examples. */
const COPIED = [
  ['libs/feed-schemas/schemas', 'schemas'],
  ['libs/feed-schemas/asyncapi.json', 'asyncapi.json'],
  ['libs/agency-sdk/examples', 'examples'],
  ['libs/agency-sdk/README.md', 'README.md'],
  ['LICENSE', 'LICENSE'],
];

const forward = (path) => path.split(sep).join('/');
const read = (path) => readFileSync(join(ROOT, path), 'utf8');

/** Every module specifier of a JavaScript or declaration file. */
function specifiersOf(path, text) {
  const found = [];
  const visit = (node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) found.push(node.moduleSpecifier.text);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && ts.isStringLiteral(node.arguments[0]))
      found.push(node.arguments[0].text);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) found.push(node.argument.literal.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false));
  return found;
}

/** What a file's import means: a file of ours (without its ending), a package, or nothing that has to be brought along. */
function targetOf(file, specifier) {
  if (specifier.startsWith('.')) return { file: posix.join(posix.dirname(file), specifier).replace(/\.js$/, '') };
  if (specifier.startsWith('#libs/')) return { file: `libs/${specifier.slice('#libs/'.length)}/src/index` };
  if (isBuiltin(specifier)) return {};
  return { package: specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/') };
}

/** The files reached from the index, and the packages that they name. `textOf(file)` gives the text of one. */
function reached(textOf) {
  const files = new Set([INDEX]);
  const packages = new Set();
  for (const file of files) {
    for (const specifier of specifiersOf(file, textOf(file))) {
      const target = targetOf(file, specifier);
      if (target.file) files.add(target.file);
      if (target.package) packages.add(target.package);
    }
  }
  return { files: [...files].sort(), packages };
}

/** Types of the index and of all it reaches, as the compiler writes them. Throws where the compiler finds fault. */
function declarations() {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  const program = ts.createProgram([join(ROOT, `${INDEX}.ts`)], {
    ...options,
    incremental: false,
    tsBuildInfoFile: undefined,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    sourceMap: false,
    stripInternal: true,
  });
  const texts = new Map();
  const { diagnostics } = program.emit(undefined, (path, text) => {
    const place = forward(relative(join(ROOT, 'dist'), path));
    if (place.endsWith('.d.ts')) texts.set(place.slice(0, -'.d.ts'.length), text);
  });
  const faults = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (faults.length > 0)
    throw new Error(ts.formatDiagnostics(faults, { getCanonicalFileName: (name) => name, getCurrentDirectory: () => ROOT, getNewLine: () => '\n' }));
  return texts;
}

function manifestOf(packages) {
  const root = JSON.parse(read('package.json'));
  const versionOf = (name) => {
    const version = root.dependencies[name];
    if (version === undefined) throw new Error(`${name} is imported by the SDK and is not among the dependencies of package.json`);
    return version;
  };
  const versions = (names) => Object.fromEntries(names.sort().map((name) => [name, versionOf(name)]));
  const needed = [...packages].filter((name) => !OPTIONAL.includes(name));
  const peers = { ...versions(OPTIONAL.filter((name) => packages.has(name))), ...TYPES };
  return {
    name: '@renkei/agency-sdk',
    version: root.version,
    description: 'What an agency’s systems need to exchange information through Renkei: a typed client and a consumer of the feed',
    license: root.license,
    type: 'module',
    engines: root.engines,
    sideEffects: false,
    exports: {
      '.': { types: `./${INDEX}.d.ts`, default: `./${INDEX}.js` },
      './schemas/*': './schemas/*',
      './asyncapi.json': './asyncapi.json',
      './package.json': './package.json',
    },
    imports: { '#libs/*': { types: './libs/*/src/index.d.ts', default: './libs/*/src/index.js' } },
    dependencies: versions(needed),
    peerDependencies: peers,
    peerDependenciesMeta: Object.fromEntries(Object.keys(peers).map((name) => [name, { optional: true }])),
  };
}

/**
 * Makes the package.
 * @param {string} target a directory that is this package's alone: what is there is replaced
 */
export function packSdk(target = join(ROOT, 'dist', 'packages', LIB)) {
  const started = performance.now();
  if (existsSync(target) && readdirSync(target).length > 0 && !existsSync(join(target, 'package.json'))) {
    throw new Error('the directory holds something that is no package: it is left as it is');
  }
  const types = declarations();
  const code = reached((file) => read(`dist/${file}.js`));
  const typed = reached((file) => types.get(file) ?? '');
  const untyped = [...typed.packages].filter((name) => !code.packages.has(name));
  if (untyped.length > 0) throw new Error(`the types name ${untyped.join(', ')}, which the code does not need`);

  rmSync(target, { recursive: true, force: true });
  const write = (path, text) => {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), text);
  };
  for (const file of code.files) write(`${file}.js`, read(`dist/${file}.js`).replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n'));
  for (const file of typed.files) write(`${file}.d.ts`, types.get(file) ?? 'export {};\n');
  for (const [from, to] of COPIED) cpSync(join(ROOT, from), join(target, to), { recursive: true, filter: (path) => !/__pycache__|\.class$/.test(path) });
  write('package.json', `${JSON.stringify(manifestOf(code.packages), null, 2)}\n`);
  line('sdk', `${forward(relative(process.cwd(), target))}: ${code.files.length} modules`, started);
}

if (isMain(import.meta.url)) {
  build();
  packSdk(process.argv[2] === undefined ? undefined : resolve(process.argv[2]));
}
