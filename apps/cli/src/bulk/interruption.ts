import { EXIT } from '../command-line/exit-codes.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Runs work that stops when it is asked to (Ctrl-C): at its next safe place; asked a second time, the program ends at once. */
export async function interruptible<T>(onAsked: () => void, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const listener = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    onAsked();
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, listener);
  }
}
