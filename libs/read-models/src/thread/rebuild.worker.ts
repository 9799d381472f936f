import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { openStore } from '#libs/event-store';
import { projectionsOf } from '../models-of-party.js';
import { projectionUnknown } from '../rebuild/view.js';
import { rebuild, type RebuildProgress } from '../rebuild/rebuild.js';
import { openSecrets } from '../verification/open-secrets.js';
import { openViews } from './open-models.js';
import { type FromRebuildWorker, type RebuildJob, toRefusal } from './worker-messages.js';

const TELL_EVERY_MS = 200;
/** The system's lowest: whoever answers comes first. */
const LOWEST_PRIORITY = 19;

const port = parentPort;
if (!port) throw new Error('this module is the body of a worker thread');
const tell = (message: FromRebuildWorker): void => port.postMessage(message);

const stopping = new AbortController();
port.on('message', () => stopping.abort());

/** Linux has priorities by thread, and zero is the one that asks; elsewhere it would be the whole process's. */
function yieldToOthers(): void {
  if (process.platform === 'linux') setPriority(0, LOWEST_PRIORITY);
}

async function run({ places, projection: name, to, accept, share, ifPending, beside }: RebuildJob): Promise<void> {
  const { kind, store: location, keyDirectory, models } = places;
  const projection = projectionsOf[kind].find((candidate) => candidate.name === name);
  if (!projection) throw projectionUnknown(name, []);
  if (beside) yieldToOthers();
  const { secrets, close } = await openSecrets(kind, keyDirectory);
  const store = await openStore(location, { readOnly: true });
  const views = await openViews(models);
  let toldMs = 0;
  let stage = '';
  const onProgress = (progress: RebuildProgress): void => {
    if (progress.stage === stage && performance.now() - toldMs < TELL_EVERY_MS) return;
    toldMs = performance.now();
    ({ stage } = progress);
    tell({ from: 'progress', progress });
  };
  try {
    const outcome = await rebuild({ projection, views, store, secrets, to, accept, share, ifPending, onProgress, signal: stopping.signal });
    tell({ from: 'done', outcome });
  } finally {
    await views.close();
    await store.close();
    await close();
  }
}

run(workerData as RebuildJob)
  .catch((error: unknown) => tell({ from: 'failed', refusal: toRefusal(error) }))
  .finally(() => port.close());
