import { parentPort, workerData } from 'node:worker_threads';
import { FileKeyVault, HmacNames, IdentifierCipher, openPartySecrets, ProtectedFields, RecordKeys } from '#libs/cryptography';
import { openStore } from '#libs/event-store';
import { Cursors } from '../cursor.js';
import { Runner } from '../folding/runner.js';
import { projectionsOf } from '../models-of-party.js';
import { PersonKeys } from '../person-keys.js';
import type { Secrets } from '../projection.js';
import type { Ask } from '../questions.js';
import type { Alarm } from '../read-models.js';
import { openModels } from './open-models.js';
import { type Call, type FromWorker, toRefusal, type ToWorker, type WorkerPlaces } from './worker-messages.js';

/** So often it is looked whether older versions' rows answer, and what a rebuild has to see to. */
const TELL_VIEWS_EVERY_MS = 500;

const port = parentPort;
if (!port) throw new Error('this module is the body of a worker thread');
const tell = (message: FromWorker): void => port.postMessage(message);

async function personKeys(names: HmacNames, keyDirectory: string): Promise<PersonKeys> {
  const vault = new FileKeyVault(keyDirectory);
  const makeCipher = (): Promise<IdentifierCipher> => IdentifierCipher.create(vault);
  return new PersonKeys(names, await makeCipher(), makeCipher);
}

async function start({ kind, store: location, keyDirectory, models }: WorkerPlaces): Promise<void> {
  const { streamSecret } = openPartySecrets(keyDirectory);
  const names = new HmacNames(streamSecret);
  const keys = await RecordKeys.open(keyDirectory, { readOnly: true });
  const store = await openStore(location, { readOnly: true });
  const secrets: Secrets = {
    fields: new ProtectedFields(keys),
    names,
    forgetKey: (keyId) => keys.forget(keyId),
    ...(kind === 'core' ? { persons: await personKeys(names, keyDirectory) } : {}),
  };
  const onAlarm = (alarm: Alarm): void => tell({ from: 'alarm', alarm });
  const opened = await openModels(models, projectionsOf[kind], onAlarm);
  const runner = new Runner({ store, models: opened, secrets, cursors: new Cursors(streamSecret), onAlarm });
  const answer = (call: Call): Promise<unknown> => {
    if (call.call === 'lag') return runner.lag();
    if (call.call === 'caughtUp') return runner.caughtUp(call.position, call.timeoutMs);
    return runner.ask(call.name, call.question as Ask<typeof call.name>, { atLeast: call.atLeast, timeoutMs: call.timeoutMs });
  };
  const close = async (): Promise<void> => {
    await runner.close();
    await Promise.all([store.close(), keys.close()]);
    port?.close();
  };
  port?.on('message', (message: ToWorker) => {
    if (message.to === 'poke') runner.poke();
    else if (message.to === 'close') close().catch((error: unknown) => tell({ from: 'failed', refusal: toRefusal(error) }));
    else
      answer(message.call).then(
        (found) => tell({ from: 'answer', id: message.id, answer: found }),
        (error: unknown) => tell({ from: 'refusal', id: message.id, refusal: toRefusal(error) }),
      );
  });
  let told = '';
  const tellViews = (): void => {
    const { pending } = opened;
    const stale = runner.stale();
    const now = JSON.stringify([pending, stale.map(({ projection, version, position }) => [projection, version, String(position)])]);
    if (now !== told) tell({ from: 'views', stale, pending });
    told = now;
  };
  tellViews();
  setInterval(tellViews, TELL_VIEWS_EVERY_MS).unref();
  tell({ from: 'ready' });
}

start(workerData as WorkerPlaces).catch((error: unknown) => {
  tell({ from: 'failed', refusal: toRefusal(error) });
  port.close();
});
