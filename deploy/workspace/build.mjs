// Compiles the workspace into dist/ (types are checked by `npm run check`, not here) and removes what no longer has a source.
// Nothing is done where the sources and the compiler's settings are those of the last build.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { isMain, line, ROOT } from './report.mjs';

const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, '.cache', 'build');
const COMPILER = join(ROOT, 'node_modules', 'typescript', 'lib', 'tsc.js');
const SOURCE = /^(?:apps\/[^/]+\/(?:src|test)|libs\/[^/]+\/src|test)\/.+(?<!\.d)\.ts$/;

/** Paths of all files tsconfig.json includes, relative to the root, with forward slashes. */
export function sources() {
  return ['apps', 'libs', 'test']
    .filter((directory) => existsSync(join(ROOT, directory)))
    .flatMap((directory) => readdirSync(join(ROOT, directory), { recursive: true }).map((path) => join(directory, path).split(sep).join('/')))
    .filter((path) => SOURCE.test(path))
    .sort();
}

const outputOf = (source) => join(DIST, source.replace(/\.ts$/, '.js'));

function fingerprint(files) {
  const hash = createHash('sha256');
  for (const path of ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'deploy/workspace/build.mjs', 'node_modules/typescript/package.json', ...files]) {
    hash.update(`\0${path}\0`).update(readFileSync(join(ROOT, path)));
  }
  return hash.digest('hex');
}

function removeStale(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      removeStale(path);
      if (readdirSync(path).length === 0) rmSync(path, { recursive: true });
    } else if (path.endsWith('.js')) {
      const source = join(ROOT, relative(DIST, path)).replace(/\.js$/, '.ts');
      if (!existsSync(source)) for (const file of [path, `${path}.map`]) rmSync(file, { force: true });
    }
  }
}

export function build() {
  const started = performance.now();
  if (!existsSync(COMPILER)) {
    process.stderr.write('The dependencies are not installed: `npm start` and `npm test` do that, or `npm ci`.\n');
    process.exit(1);
  }
  const files = sources();
  const wanted = fingerprint(files);
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted && files.every((file) => existsSync(outputOf(file)))) {
    return line('build', 'up to date', started);
  }
  rmSync(STAMP, { force: true });
  try {
    execFileSync(process.execPath, [COMPILER, '-p', join(ROOT, 'tsconfig.build.json')], { cwd: ROOT, stdio: 'inherit' });
  } catch {
    process.stderr.write('The build failed: see the lines above.\n');
    process.exit(1);
  }
  removeStale(DIST);
  mkdirSync(join(DIST, '.cache'), { recursive: true });
  writeFileSync(STAMP, wanted);
  line('build', `${files.length} files`, started);
}

if (isMain(import.meta.url)) build();
