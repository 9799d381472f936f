import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecretFile, readSecretFile } from '#libs/cryptography';
import type { CastAgency } from '../cast/agencies.js';
import type { Nation } from './nation.js';

/** Writes what `renkei --profile` takes to speak as an agency of this nation: its server's address and its key (mode 600). */
export function writeProfile(nation: Nation, agency: CastAgency, name: string): string {
  const directory = nation.keysOf('profiles');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const key = `${name}.pem`;
  if (!readSecretFile(join(directory, key))) {
    createSecretFile(join(directory, key), nation.keys.of(agency.code).privateKey.export({ type: 'pkcs8', format: 'pem' }));
  }
  const server = nation.intermediateServers.get(agency.server);
  const file = join(directory, `${name}.json`);
  writeFileSync(file, `${JSON.stringify({ server: server?.url ?? '', serverId: agency.server, agency: agency.code, key }, null, 2)}\n`, { mode: 0o600 });
  return file;
}
