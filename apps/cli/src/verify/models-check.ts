import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkReadModels, type ModelsDatabase, modelsLocation, type PartyKind } from '#libs/read-models';
import { locationOf } from '../parties/location-of.js';
import { namesOf } from '../parties/open-party.js';
import type { PartyDirectory } from '../parties/party-directory.js';
import type { Finding, Note, OnProgress } from './report.js';

export interface ModelsCheck {
  readonly readModels: readonly string[];
  readonly findings: readonly Omit<Finding, 'party'>[];
  readonly notes: readonly Note[];
}
export interface ModelsCheckOptions {
  readonly party: PartyDirectory;
  /** Undefined where the record's streams do not tell. */
  readonly kind: PartyKind | undefined;
  /** Of the party's log: a database's schemas are named by deployment and party. */
  readonly origin: string | undefined;
  /** A PostgreSQL database; files in the data directory where its `url` is left out. */
  readonly database: ModelsDatabase;
  readonly lastPosition: number;
  readonly onProgress: OnProgress;
}

const nothing = (code: 'READ_MODELS_UNCHECKED' | 'READ_MODELS_NONE'): ModelsCheck => ({ readModels: [], findings: [], notes: [{ code }] });

/** Holds the read models against a fold from the beginning. Rejects where the database or the store does not answer. */
export async function checkModels({ party, kind, origin, database, lastPosition, onProgress }: ModelsCheckOptions): Promise<ModelsCheck> {
  const { dataDirectory, keysDirectory } = party;
  const isOnDatabase = database.url !== undefined;
  if (!isOnDatabase && !existsSync(join(dataDirectory, 'read-models'))) return { readModels: [], findings: [], notes: [] };
  if (isOnDatabase && kind === undefined) return { readModels: [], findings: [], notes: [] }; // a registry has none
  if (keysDirectory === undefined || kind === undefined || (isOnDatabase && origin === undefined)) return nothing('READ_MODELS_UNCHECKED');
  const names = origin === undefined ? { deployment: '', party: party.id } : namesOf(origin);
  const checked = await checkReadModels({
    kind,
    store: locationOf(party),
    keyDirectory: keysDirectory,
    models: modelsLocation({ ...database, dataDirectory, ...names }),
    onProgress: (done, total) => onProgress('models', done, total),
  });
  if (isOnDatabase && checked.length === 0) return nothing('READ_MODELS_NONE');
  return {
    readModels: checked.filter(({ finding }) => finding === undefined).map(({ model }) => model),
    findings: checked.flatMap(({ model, finding }) =>
      finding === undefined
        ? []
        : [{ code: finding.code === 'DIFFERS' ? 'READ_MODEL_DIFFERS' : 'READ_MODEL_UNREADABLE', detail: `${model}: ${finding.detail}` } as const],
    ),
    notes: checked.flatMap(({ model, position }) =>
      position < BigInt(lastPosition) ? [{ code: 'READ_MODEL_BEHIND', model, position: Number(position) } as const] : [],
    ),
  };
}
