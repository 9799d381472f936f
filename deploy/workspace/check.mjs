// `npm run check`: format, lint, types, import rules and unit tests. The first four are package.json's scripts of those names.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { build } from './build.mjs';
import { runTests, finish } from './jest.mjs';
import { isMain, line, ROOT } from './report.mjs';

const CHECKS = ['lint', 'types', 'format', 'boundaries'];

function runScript(name, command) {
  const started = performance.now();
  const env = { ...process.env, PATH: `${join(ROOT, 'node_modules', '.bin')}${delimiter}${process.env.PATH}` };
  return new Promise((resolve) => {
    const child = spawn(command, { cwd: ROOT, shell: true, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => output.push(Buffer.from(`${error.message}\n`)));
    child.on('close', (status) => {
      line(name, status === 0 ? 'ok' : 'FAILED', started);
      if (status !== 0) process.stderr.write(Buffer.concat(output));
      resolve(status === 0);
    });
  });
}

/** Runs the checks that are not tests beside each other, all of them whatever fails. Returns the names of those that failed. */
export async function runChecks() {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const passed = await Promise.all(CHECKS.map((name) => runScript(name, scripts[name])));
  return CHECKS.filter((_, index) => !passed[index]);
}

if (isMain(import.meta.url)) {
  build();
  const failed = await runChecks();
  finish(failed, [await runTests('unit tests', ['unit'])]);
}
