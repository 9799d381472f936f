import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const READY_WITHIN_MS = 30_000;
const LOG_CHARACTERS_KEPT = 20_000;

export type App = 'core' | 'interface-system' | 'intermediate-server' | 'resident-registry';
export type Variables = Readonly<Record<string, string>>;

const mainOf = (app: App): string => fileURLToPath(new URL(`../../../apps/${app}/src/main.js`, import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** One app as a process of its own, with nothing in its environment but what is given. */
export class ServerProcess {
  readonly ended: Promise<Ended>;
  #output = '';
  #isUp = true;

  private constructor(
    readonly app: App,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output = `${this.#output}${text}`.slice(-LOG_CHARACTERS_KEPT)));
    }
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject).on('close', (status, signal) => {
        this.#isUp = false;
        resolve({ status, signal, output: this.#output });
      });
    });
  }

  static start(app: App, environment: Variables): ServerProcess {
    const env = { PATH: process.env['PATH'] ?? '', ...environment };
    return new ServerProcess(app, spawn(process.execPath, ['--enable-source-maps', mainOf(app)], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves once it answers that it is ready; rejects with its output where it ended or took too long. */
  async ready(address: string): Promise<void> {
    const until = performance.now() + READY_WITHIN_MS;
    while (performance.now() < until && this.#isUp) {
      try {
        const answer = await fetch(`${address}/health/ready`);
        await answer.arrayBuffer();
        if (answer.ok) return;
      } catch {
        // nobody listens yet
      }
      await sleep(50);
    }
    throw new Error(`${this.app} is not ready:\n${this.#output}`);
  }

  /** Sends a signal, and waits until the process has ended. */
  stop(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}
