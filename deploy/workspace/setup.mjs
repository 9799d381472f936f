// Installs the dependencies where that is needed: `npm ci`, exactly what the lockfile says. With everything in place it takes a few milliseconds.
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isMain, line, ROOT } from './report.mjs';

const MODULES = join(ROOT, 'node_modules');
const STAMP = join(MODULES, '.cache', 'renkei', 'installed.json');
const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);

/** Refuses a Node older than package.json's `engines`. */
export function checkNode() {
  const { engines } = readJson(join(ROOT, 'package.json'));
  const minimum = engines.node.replace(/^>=/, '');
  const [wantedMajor, wantedMinor] = minimum.split('.').map(Number);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  process.stderr.write(`Renkei needs Node ${minimum} or newer (22 and 24 are good choices). This is Node ${process.versions.node}, at ${process.execPath}.\n`);
  process.exit(1);
}

/** True where npm's own record of what it installed last (written when it had finished) holds all that the lockfile asks for. */
function npmHasInstalled(lock, withDevelopment) {
  const installed = readJson(join(MODULES, '.package-lock.json'))?.packages;
  if (!installed) return false;
  return Object.entries(lock.packages).every(
    ([path, { version, dev, optional, devOptional, link }]) =>
      path === '' || link || optional || devOptional || (dev && !withDevelopment) || (installed[path]?.version === version && existsSync(join(ROOT, path))),
  );
}

function runNpmCi(withDevelopment) {
  const args = ['ci', withDevelopment ? '--include=dev' : '--omit=dev', '--no-audit', '--no-fund', '--no-progress'];
  const npm = process.env.npm_execpath;
  const options = { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' };
  const result = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  if (result.status === 0) return;
  process.stderr.write(
    `${result.stdout ?? ''}\nnpm ci failed${result.error ? `: ${result.error.message}` : ''}. Is npm on the PATH, and can it reach its registry?\n`,
  );
  process.exit(1);
}

/**
 * Makes sure that node_modules is what package-lock.json says.
 * @param {'start' | 'test'} purpose `start` needs what runs, `test` also what only developers need
 */
export function setup(purpose) {
  checkNode();
  const started = performance.now();
  if (lstatSync(MODULES, { throwIfNoEntry: false })?.isSymbolicLink()) return line('install', 'node_modules is a link: left as it is');

  const lockText = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
  const lockHash = createHash('sha256').update(lockText).digest('hex');
  const stamp = readJson(STAMP);
  const withDevelopment = purpose === 'test' || stamp?.withDevelopment === true;
  if (stamp?.lockHash === lockHash && (stamp.withDevelopment || !withDevelopment)) return line('install', 'up to date', started);

  let outcome = 'found in place';
  if (!npmHasInstalled(JSON.parse(lockText), withDevelopment)) {
    line('install', withDevelopment ? 'npm ci …' : 'npm ci --omit=dev …');
    runNpmCi(withDevelopment);
    outcome = 'done';
  }
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, `${JSON.stringify({ lockHash, withDevelopment })}\n`);
  line('install', outcome, started);
}

if (isMain(import.meta.url)) setup(process.argv[2] === 'start' ? 'start' : 'test');
