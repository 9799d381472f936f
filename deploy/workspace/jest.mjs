// Runs Jest over some of its projects (jest.config.mjs) and counts what came out.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { line, ROOT } from './report.mjs';

/** Flags of node that Jest needs for ES modules; its workers get them too, processes that a test starts do not. */
export const NODE_FLAGS = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', '--enable-source-maps'];

/** A test file that could not be run counts as one failed test; so does a Jest that left no result. */
function countResults(path, status) {
  if (!existsSync(path)) return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(readFileSync(path, 'utf8'));
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  return {
    passed: result.numPassedTests,
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

/**
 * Runs the tests of these projects with Jest's own report on the terminal.
 * @param {string} name for the line that says how long it took
 * @param {readonly string[]} projects names as in jest.config.mjs
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>}
 */
export async function runTests(name, projects) {
  const started = performance.now();
  const directory = mkdtempSync(join(tmpdir(), 'renkei-test-'));
  try {
    const results = join(directory, 'results.json');
    const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
    const args = [...NODE_FLAGS, jest, '--json', `--outputFile=${results}`, '--selectProjects', ...projects];
    const status = await new Promise((resolve) => {
      const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
      child.on('error', () => resolve(1));
      child.on('close', resolve);
    });
    const counts = countResults(results, status);
    line(name, counts.failed === 0 ? 'ok' : 'FAILED', started);
    return counts;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * Prints `N passed, N failed, N skipped` over all runs and sets the exit status. A check that failed counts as one failed test.
 * With RENKEI_TEST_TOTALS=FILE the three numbers are appended to that file instead: the caller adds up and prints.
 */
export function finish(failedChecks, runs) {
  const sum = (key) => runs.reduce((total, run) => total + run[key], 0);
  const failed = sum('failed') + failedChecks.length;
  if (failedChecks.length > 0) process.stderr.write(`\nFailed: ${failedChecks.join(', ')}\n`);
  if (process.env.RENKEI_TEST_TOTALS) appendFileSync(process.env.RENKEI_TEST_TOTALS, `${sum('passed')} ${failed} ${sum('skipped')}\n`);
  else process.stdout.write(`${sum('passed')} passed, ${failed} failed, ${sum('skipped')} skipped\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}
