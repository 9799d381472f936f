import { isDomainError } from '../logging/domain-error-shape.js';
import { describeError, type Log } from '../logging/log.js';

/** Exit codes of an app (sysexits.h where one fits). */
export const EXIT = { ok: 0, failed: 1, configuration: 78 } as const;

/**
 * On SIGTERM or SIGINT closes everything once and exits: 0 when all closed in time, 1 otherwise. A second signal exits at
 * once. Returns a function that takes the handlers off again.
 */
export function stopOnSignals(close: () => Promise<void>, { log, timeoutMs = 30_000 }: { readonly log: Log; readonly timeoutMs?: number }): () => void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(EXIT.failed);
    stopping = true;
    log.info('signal', { signal });
    const timer = setTimeout(() => {
      log.error('did not stop in time', { durationMs: timeoutMs });
      process.exit(EXIT.failed);
    }, timeoutMs);
    timer.unref();
    close().then(
      () => process.exit(EXIT.ok),
      (error: unknown) => {
        log.error('did not stop cleanly', { error });
        process.exit(EXIT.failed);
      },
    );
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  return () => void process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
}

/**
 * Runs the main function of an app or tool; where it rejects, says why on standard error, without a stack, and exits:
 * EXIT.configuration for a ConfigurationError, else EXIT.failed.
 */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const text = isDomainError(error) ? error.message : JSON.stringify(describeError(error));
    process.stderr.write(`${text}\n`, () => process.exit(isDomainError(error) && error.code === 'CONFIGURATION' ? EXIT.configuration : EXIT.failed));
  }
}
