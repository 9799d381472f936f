import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url)); // seen from dist/test/deploy
export const DEPLOY = join(ROOT, 'deploy');

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** One YAML text with its anchors and merge keys resolved. */
export const fromYaml = <T>(text: string): T => parse(text, { merge: true, maxAliasCount: -1 }) as T;
export const manyFromYaml = <T>(text: string): T[] => parseAllDocuments(text).map((document) => document.toJS() as T);

/** Paths below deploy/ with this ending, relative to the root. */
export function deployFiles(ending: string): string[] {
  return readdirSync(DEPLOY, { recursive: true, encoding: 'utf8' })
    .map((path) => join('deploy', path).replaceAll('\\', '/'))
    .filter((path) => path.endsWith(ending) && !path.includes('/secrets/'))
    .sort();
}

/** Continuous integration installs every tool (.ci/run) and says so: a missing one fails there instead of being skipped. */
const REQUIRED = process.env['RENKEI_REQUIRE_TOOLS'] === '1';

const found = new Map<string, boolean>();
export function isThere(command: string): boolean {
  const known = found.get(command);
  if (known !== undefined) return known;
  const there = (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      return readdirSync(directory).includes(command);
    } catch {
      return false;
    }
  });
  found.set(command, there);
  return there;
}

/** `it` where every one of these commands is on the PATH (or has to be), otherwise a test that counts as skipped. */
export const itWith = (...commands: readonly string[]) => (REQUIRED || commands.every(isThere) ? it : it.skip);

/** Standard output of a tool. Throws with all that it said where it ends with another status than 0. */
export function run(command: string, args: readonly string[], options: { readonly cwd?: string } = {}): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: options.cwd ?? ROOT,
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 32 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

/** Files that git knows or would take, below these paths. */
export function repositoryFiles(...paths: readonly string[]): string[] {
  const args = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard', ...paths];
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '');
}
