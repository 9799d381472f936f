import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedIn } from '#libs/event-store';
import { checkReadModels, type PartyKind } from '#libs/read-models';
import type { PartyDirectory } from '../parties/party-directory.js';
import type { Finding, Note, OnProgress } from './report.js';

export interface ModelsCheck {
  readonly readModels: readonly string[];
  readonly findings: readonly Omit<Finding, 'party'>[];
  readonly notes: readonly Note[];
}

/** Holds the read models against a fold from the beginning. `kind`: undefined where the record's streams do not tell. */
export async function checkModels(
  { dataDirectory, keysDirectory }: PartyDirectory,
  kind: PartyKind | undefined,
  entries: number,
  onProgress: OnProgress,
): Promise<ModelsCheck> {
  const modelsDirectory = join(dataDirectory, 'read-models');
  if (!existsSync(modelsDirectory)) return { readModels: [], findings: [], notes: [] };
  if (keysDirectory === undefined || kind === undefined) return { readModels: [], findings: [], notes: [{ code: 'READ_MODELS_UNCHECKED' }] };
  const checked = await checkReadModels({
    kind,
    store: embeddedIn(dataDirectory),
    keyDirectory: keysDirectory,
    modelsDirectory,
    onProgress: (done, total) => onProgress('models', done, total),
  });
  return {
    readModels: checked.filter(({ finding }) => finding === undefined).map(({ model }) => model),
    findings: checked.flatMap(({ model, finding }) =>
      finding === undefined
        ? []
        : [{ code: finding.code === 'DIFFERS' ? 'READ_MODEL_DIFFERS' : 'READ_MODEL_UNREADABLE', detail: `${model}: ${finding.detail}` } as const],
    ),
    notes: checked.flatMap(({ model, position }) =>
      position < BigInt(entries) ? [{ code: 'READ_MODEL_BEHIND', model, position: Number(position) } as const] : [],
    ),
  };
}
