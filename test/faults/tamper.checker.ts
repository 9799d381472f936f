// What the tamper tests ask of a child process, which may die of a damaged file.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, Order } from './tamper.child.js';

const CHILD = fileURLToPath(new URL('./tamper.child.js', import.meta.url));

/** A reader that a damaged file sends in circles is ended, as `renkei verify` ends its own. */
const ANSWER_TIMEOUT_MS = 20_000;

/** One answer at a time. */
export class Checker {
  #child: ChildProcess | undefined;

  /** Findings (`<party> <code>`); DIED where the process did not survive the file. */
  async findings(data: string, full: boolean, ...parties: readonly string[]): Promise<readonly string[]> {
    const { codes, failed } = await this.#ask({ data, parties, full });
    if (failed !== undefined) throw new Error(failed);
    if (codes?.some((code) => code.includes('UNREADABLE'))) this.stop(); // LMDB may keep a file open that it could not read
    return codes ?? ['DIED'];
  }

  /** A digest of what a file says; undefined where it cannot be read. */
  async content(file: string): Promise<string | undefined> {
    return (await this.#ask({ data: '', parties: [], full: false, file })).content;
  }

  stop(): void {
    this.#child?.removeAllListeners('exit').disconnect();
    this.#child = undefined;
  }

  #ask(order: Order): Promise<Answer> {
    const child = (this.#child ??= fork(CHILD, [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] }));
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), ANSWER_TIMEOUT_MS);
      const onMessage = (answer: Answer): void => {
        clearTimeout(timer);
        child.off('exit', onExit);
        resolve(answer);
      };
      const onExit = (): void => {
        clearTimeout(timer);
        child.off('message', onMessage);
        this.#child = undefined;
        resolve({});
      };
      child.once('message', onMessage).once('exit', onExit);
      child.send(order);
    });
  }
}
