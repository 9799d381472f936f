import { FileKeyVault, HmacNames, IdentifierCipher, openPartySecrets, ProtectedFields, RecordKeys } from '#libs/cryptography';
import { openStore } from '#libs/event-store';
import { projectionsOf } from '../models-of-party.js';
import { PersonKeys } from '../person-keys.js';
import { Follower } from './follower.js';
import type { WorkerPlaces } from './worker-messages.js';

/** Folds a store in small pages until it is killed; says on standard output that it has begun. For the test beside it. */
const { kind, store: location, keyDirectory, modelsDirectory } = JSON.parse(process.argv[2] ?? '{}') as WorkerPlaces;
const PAGE_EVENTS = 200;

const names = new HmacNames(openPartySecrets(keyDirectory).streamSecret);
const makeCipher = (): Promise<IdentifierCipher> => IdentifierCipher.create(new FileKeyVault(keyDirectory));
const keys = await RecordKeys.open(keyDirectory, { readOnly: true });
const store = await openStore(location, { readOnly: true });
const secrets = { fields: new ProtectedFields(keys), names, persons: new PersonKeys(names, await makeCipher(), makeCipher), forgetKey: () => undefined };
const followers = projectionsOf[kind].map((projection) => new Follower(modelsDirectory, projection, secrets, () => undefined));
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
