import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

const { O_CREAT, O_DSYNC, O_TRUNC, O_WRONLY } = constants;

/** Replaces a file in one step, durable on return: after a crash the old or the new one is there, whole. One writer at a time. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_DSYNC, 0o600); // what is written is on disk: no call more for that
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Writes that are asked for while one is under way become one write, which begins after it and so holds all that was asked. */
export class CoalescedWrites {
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(private readonly write: () => Promise<void>) {}

  /** Resolves once a write that began after this call is done; rejects where that write failed. */
  request(): Promise<void> {
    this.#next ??= this.#running
      .catch(() => undefined) // its own callers were told
      .then(() => {
        this.#next = undefined;
        this.#running = this.write();
        return this.#running;
      });
    return this.#next;
  }
}
