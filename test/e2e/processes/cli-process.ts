import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../../apps/cli/src/main.js', import.meta.url));

export interface CliEnded {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `renkei` as a process, with nothing in its environment but what is given. */
export class CliProcess {
  static readonly #running = new Set<CliProcess>();
  readonly ended: Promise<CliEnded>;

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined); // it may have ended before it read all
    CliProcess.#running.add(this);
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject).on('close', (status, signal) => {
        CliProcess.#running.delete(this);
        resolve({ status, signal, stdout, stderr });
      });
    });
  }

  static start(args: readonly string[], environment: Readonly<Record<string, string>>): CliProcess {
    return new CliProcess(spawn(process.execPath, [CLI, ...args], { env: { PATH: process.env['PATH'] ?? '', LANG: 'C', ...environment }, stdio: 'pipe' }));
  }

  /** Runs it to its end, with this standard input. */
  static run(args: readonly string[], environment: Readonly<Record<string, string>>, input = ''): Promise<CliEnded> {
    const cli = CliProcess.start(args, environment);
    cli.child.stdin.end(input);
    return cli.ended;
  }

  /** Ends those that a test which failed left behind. */
  static async stopAll(): Promise<void> {
    await Promise.all([...CliProcess.#running].map((cli) => cli.stop('SIGKILL')));
  }

  write(text: string): void {
    this.child.stdin.write(text);
  }
  stop(signal: NodeJS.Signals): Promise<CliEnded> {
    this.child.kill(signal);
    return this.ended;
  }
}
