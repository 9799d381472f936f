import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbEventStore } from '#libs/event-store';

const MAIN = 'dist/apps/sandbox/src/main.js';
const PAGE = 10_000;

/** What `--json` prints, as far as the tests look at it. */
export interface SandboxReport {
  readonly asTheLawSays: boolean;
  readonly cases: readonly {
    readonly case: string;
    readonly asTheLawSays: boolean;
    readonly deviations: readonly string[];
    readonly exchanges: readonly {
      readonly exchangeId: string;
      readonly outcome: string;
      readonly expected: string;
      readonly item?: string;
      readonly article?: string;
    }[];
    readonly bulks: readonly { readonly lines: number; readonly recordsAgree: number }[];
  }[];
}

const environment = (): NodeJS.ProcessEnv => ({ ...process.env, LANG: 'en_US.UTF-8', LC_ALL: '', NO_COLOR: '1' });

export interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/** The sandbox as a user starts it, to its end. */
export async function runSandbox(directory: string, ...args: readonly string[]): Promise<Ended> {
  const running = startSandbox(directory, ...args);
  const [status] = (await once(running.child, 'close')) as [number | null];
  return { status, output: running.output(), errors: running.errors() };
}

/** With every case, and what it reports. */
export async function runCases(directory: string): Promise<{ readonly status: number | null; readonly report: SandboxReport }> {
  const { status, output, errors } = await runSandbox(directory, '--exit', '--json');
  if (output === '') throw new Error(`the sandbox printed no report: ${errors}`);
  return { status, report: JSON.parse(output) as SandboxReport };
}

function startSandbox(directory: string, ...args: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, [MAIN, '--data', directory, '--port', '0', ...args], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
  return { child, output: () => output, errors: () => errors };
}

/** Starts the sandbox and kills it (-9) as soon as it has printed a line of this kind. */
export async function killWhenItPrints(directory: string, line: RegExp): Promise<void> {
  const running = startSandbox(directory, '--exit');
  const ended = once(running.child, 'close');
  running.child.stdout?.on('data', () => {
    if (line.test(running.output())) running.child.kill('SIGKILL');
  });
  await ended;
  if (running.child.signalCode !== 'SIGKILL') throw new Error(`it ended before it printed ${line.source}: ${running.output().slice(-500)} ${running.errors()}`);
}

/** One stored event: what a test needs of it. */
export interface Seen {
  readonly party: string;
  readonly stream: string;
  readonly type: string;
}

/** Every event that the parties of a sandbox have stored, read where they lie. No process may have the directory open. */
export async function everyEvent(directory: string, parties: readonly string[]): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  for (const party of parties) {
    const place = join(directory, 'parties', party, 'event-store');
    if (!existsSync(place)) continue;
    const store = await LmdbEventStore.open(place, { readOnly: true });
    try {
      let after = 0n;
      for (let atEnd = false; !atEnd;) {
        const page = await store.readAll({ after, limit: PAGE });
        for (const { stream, type } of page.events) seen.push({ party, stream, type });
        after = page.next;
        atEnd = page.atEnd;
      }
    } finally {
      await store.close();
    }
  }
  return seen;
}
