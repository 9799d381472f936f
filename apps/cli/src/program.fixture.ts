import { run } from './program.js';

export interface RunInProcess {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program in this process, in an environment of its own; for commands that read no standard input and call no server. */
export async function runInProcess(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<RunInProcess> {
  let [stdout, stderr] = ['', ''];
  const status = await run(
    { args, environment: { LANG: 'C', ...environment }, stdout: { write: (text) => (stdout += text) }, stderr: { write: (text) => (stderr += text) } },
    '0.0.0',
  );
  return { status, stdout, stderr };
}
