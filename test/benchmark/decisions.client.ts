import { createPrivateKey } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { ServiceClient, TokenSigner } from '#libs/platform';
import { type DecisionAnswer, type Outcomes, PATHS } from '#libs/protocol';
import { type Asking, batchesOf, inFlight } from './decisions.lines.js';

export interface ClientData {
  readonly address: string;
  readonly issuer: string;
  readonly keyId: string;
  /** PKCS #8, PEM. */
  readonly privateKey: string;
  readonly asking: Asking;
  readonly linesABatch: number;
  readonly batchesAtOnce: number;
}
/** From this thread: `ready` when lines are made, then what came of them. */
export type FromClient = { readonly ready: true } | { readonly permitted: number; readonly exchangeIds: readonly string[] };

const port = parentPort;
if (!port) throw new Error('this is a worker thread');
const { address, issuer, keyId, privateKey, asking, linesABatch, batchesAtOnce } = workerData as ClientData;
const signer = new TokenSigner({ issuer, keyId, privateKey: createPrivateKey(privateKey) });
const client = new ServiceClient({ address, audience: 'core', signer });

async function ask(lines: number, begin: Promise<void>): Promise<void> {
  const batches = batchesOf(asking, lines, linesABatch);
  port?.postMessage({ ready: true } satisfies FromClient);
  await begin;
  const answers = await inFlight(
    batches.map(
      (batch) => () =>
        client.call({ method: 'POST', path: PATHS.decideQueries, body: { lines: batch }, idempotent: true }) as Promise<Outcomes<DecisionAnswer>>,
    ),
    batchesAtOnce,
  );
  const permitted = answers.flatMap(({ outcomes }) => outcomes).filter((outcome) => outcome.ok && outcome.value.event.includes('"type":"QueryPermitted"'));
  const exchangeIds = batches.flatMap((batch) => batch.map(({ exchangeId }) => exchangeId));
  port?.postMessage({ permitted: permitted.length, exchangeIds } satisfies FromClient);
}

let go = (): void => undefined;
port.on('message', (message: { readonly lines?: number; readonly go?: true; readonly close?: true }) => {
  if (message.lines !== undefined) {
    const begin = new Promise<void>((resolve) => (go = resolve));
    void ask(message.lines, begin);
  } else if (message.go) go();
  else {
    port.close();
    void client.close();
  }
});
