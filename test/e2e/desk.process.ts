import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../apps/child-allowance-desk/src/main.js', import.meta.url));
const WITHIN_MS = 120_000;

/** The desk as a process of its own. */
export class DeskProcess {
  output = '';
  errors = '';
  readonly ended: Promise<number | null>;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.ended = once(child, 'close').then(([status]) => status as number | null);
  }

  static start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): DeskProcess {
    const env = { PATH: process.env['PATH'] ?? '', LANG: 'en_US.UTF-8', NO_COLOR: '1', ...environment };
    return new DeskProcess(spawn(process.execPath, ['--enable-source-maps', MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Waits until it printed this. */
  async until(pattern: RegExp): Promise<void> {
    const untilMs = performance.now() + WITHIN_MS;
    while (!pattern.test(this.output)) {
      if (performance.now() > untilMs || this.child.exitCode !== null)
        throw new Error(`it did not print ${pattern.source}: ${this.output.slice(-800)} ${this.errors}`);
      await sleep(5);
    }
  }
  /** Ends it by a signal; its exit status, or null. */
  stop(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }
}
