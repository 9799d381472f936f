import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The built program, seen from dist/apps/cli/test. */
export const CLI = fileURLToPath(new URL('../src/main.js', import.meta.url));

export interface CliRun {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program as a child process, in an environment of its own. */
export function runCli(
  args: readonly string[],
  { input, environment = {} }: { readonly input?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<CliRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], { env: { PATH: process.env['PATH'] ?? '', LANG: 'C', ...environment }, stdio: 'pipe' });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject).on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
    child.stdin.end(input ?? '');
  });
}
