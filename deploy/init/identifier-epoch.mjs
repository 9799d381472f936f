// Adds an epoch to the core's identifier secrets: `node deploy/init/identifier-epoch.mjs KEYS_DIRECTORY`, while the core is stopped.
// Identifiers that were issued stay as they are; those issued from the next start on are made under the new epoch.
import { FileKeyVault } from '#libs/cryptography';

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  process.stderr.write("the core's keys directory is needed\n");
  process.exit(2);
}
console.log(`identifier epoch ${await new FileKeyVault(directory).startEpoch()}`);
