import { FileKeyVault, HmacNames, IdentifierCipher, openPartySecrets, ProtectedFields, RecordKeys } from '#libs/cryptography';
import { openStore } from '#libs/event-store';
import { projectionsOf } from '../models-of-party.js';
import { PersonKeys } from '../person-keys.js';
import { Follower } from '../folding/follower.js';
import type { WorkerPlaces } from '../thread/worker-messages.js';
import { SqliteModels } from './sqlite-models.js';

/** Folds a store in small pages until it is killed; says on standard output that it has begun. For the test beside it. */
const { kind, store: location, keyDirectory, models } = JSON.parse(process.argv[2] ?? '{}') as WorkerPlaces;
const PAGE_EVENTS = 200;

const names = new HmacNames(openPartySecrets(keyDirectory).streamSecret);
const makeCipher = (): Promise<IdentifierCipher> => IdentifierCipher.create(new FileKeyVault(keyDirectory));
const keys = await RecordKeys.open(keyDirectory, { readOnly: true });
const store = await openStore(location, { readOnly: true });
const secrets = { fields: new ProtectedFields(keys), names, persons: new PersonKeys(names, await makeCipher(), makeCipher), forgetKey: () => undefined };
if (models.kind !== 'sqlite') throw new Error('this folds into files');
const opened = new SqliteModels(models.directory, projectionsOf[kind]);
const followers = opened.models.map((model) => new Follower(model, secrets, () => undefined));
process.stdout.write('begun\n');
for (let left = true; left;) {
  left = false;
  for (const follower of followers) {
    const page = await store.readAll({ after: follower.checkpoint, limit: PAGE_EVENTS });
    await follower.take(page);
    left ||= !page.atEnd;
  }
}
process.stdout.write('done\n');
