import { parentPort, workerData } from 'node:worker_threads';
import { RecordKeys } from './record-keys.js';

const { directory, keyIds } = workerData as { readonly directory: string; readonly keyIds: readonly string[] };
const keys = await RecordKeys.open(directory, { readOnly: true });
const found = keyIds.map((keyId) => {
  const key = keys.get(keyId);
  return typeof key === 'string' ? key : 'key';
});
await keys.close();
parentPort?.postMessage(found);
