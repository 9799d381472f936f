import { DomainError } from '#libs/kernel';
import type { FromChild, ToChild } from './guarded.js';
import { verifyData } from './verify-data.js';

/** The body of the process that reads: a damaged file may make it die, and nobody else with it. */
const send = (message: FromChild): Promise<void> =>
  new Promise((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve());
  });

process.once('message', (order: ToChild) => {
  verifyData({
    ...order,
    onParty: (party) => void send({ is: 'party', party }),
    onProgress: (stage, done, total) => void send({ is: 'progress', stage, done, total }),
    onReport: (report) => void send({ is: 'report', report }),
  }).then(
    async ({ findings }) => {
      await send({ is: 'end', findings });
      process.exit(0);
    },
    async (error: unknown) => {
      const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
      await send({ is: 'failed', code: String(code), kind: error instanceof DomainError ? error.kind : 'internal', message: String(message) });
      process.exit(0);
    },
  );
});
// without its parent it has nobody to tell
process.once('disconnect', () => process.exit(0));
