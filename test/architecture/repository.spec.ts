import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url)); // seen from dist/test/architecture
const NOT_OURS = new Set(['node_modules', 'dist', 'data', '.git', 'coverage']);

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { readonly packages: Readonly<Record<string, Manifest & { readonly resolved?: string }>> };

function walk(directory: string): string[] {
  return readdirSync(join(ROOT, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : walk(path);
    return [path.split(sep).join('/')];
  });
}

/** Files of the repository, those not committed yet included; without git (an unpacked archive) all files but what is made. */
function repositoryFiles(): string[] {
  if (!existsSync(join(ROOT, '.git'))) return walk('');
  const listed = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path)) && statSync(join(ROOT, path)).isFile());
}
const files = repositoryFiles();

/** `file:line` of every place where the text of these files matches. */
function places(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((text, index) => (pattern.test(text) ? [`${path}:${index + 1}`] : [])),
  );
}

const directories = ['libs', 'apps']
  .filter((top) => existsSync(join(ROOT, top)))
  .flatMap((top) => readdirSync(join(ROOT, top)).map((name) => `${top}/${name}`));
const parts = directories.filter((path) => existsSync(join(ROOT, path, 'src')));

describe('repository', () => {
  it('names no directory of a machine and no package registry', () => {
    const machine = /(?<![\w.-])\/(?:work|root|home\/\w+|Users\/\w+)\/|\bregistry\.(?:npmjs|yarnpkg)\.\w+|\bnpm\.pkg\.github\b|\bjfrog\.io\b/;
    expect(places(files, machine)).toEqual([]);
  });

  it('runs every test: none is left out and none runs alone', () => {
    const tests = files.filter((path) => path.endsWith('.spec.ts') || path.endsWith('.contract.ts'));
    // `? it : it.skip` is allowed: a test that needs what a machine may lack says so, and counts as skipped
    expect(places(tests, /(?<!\? it : )\b(?:it|test|describe)\.(?:skip|only|todo)\b|\b(?:xit|xtest|xdescribe|fit|fdescribe)\(/)).toEqual([]);
  });

  it('has every test file in exactly one Jest project', () => {
    const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
    const listed = execFileSync(process.execPath, [jest, '--listTests'], { cwd: ROOT, encoding: 'utf8' });
    const dist = join(ROOT, 'dist');
    const inProjects = listed
      .split('\n')
      .filter((path) => path !== '')
      .map((path) =>
        path
          .slice(dist.length + 1)
          .split(sep)
          .join('/')
          .replace(/\.js$/, '.ts'),
      );
    expect(inProjects.sort()).toEqual(files.filter((path) => path.endsWith('.spec.ts')).sort());
  });

  it('has a lockfile that names no place to download from and fits package.json', () => {
    const { '': root, ...packages } = lock.packages;
    expect(Object.keys(packages).filter((path) => packages[path]?.resolved !== undefined)).toEqual([]);
    const { name, version, license, engines, dependencies, devDependencies } = manifest;
    expect(root).toMatchObject({ name, version, license, engines });
    expect(root?.dependencies).toEqual(dependencies);
    expect(root?.devDependencies).toEqual(devDependencies);
  });

  it.each(parts)('explains %s in a README: Purpose, Contract, Failure modes, Decisions', (part) => {
    const readme = existsSync(join(ROOT, part, 'README.md')) ? read(`${part}/README.md`) : '';
    const missing = ['Purpose', 'Contract', 'Failure modes', 'Decisions'].filter((heading) => !new RegExp(`^#{1,3} ${heading}\\b`, 'm').test(readme));
    expect(missing).toEqual([]);
  });

  it('opens every lib by an index', () => {
    expect(parts.filter((part) => part.startsWith('libs/') && !existsSync(join(ROOT, part, 'src', 'index.ts')))).toEqual([]);
  });
});
