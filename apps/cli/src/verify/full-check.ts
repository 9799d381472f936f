import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedIn, openStore, type StoreLocation } from '#libs/event-store';
import { checkReadModels, type PartyKind } from '#libs/read-models';
import type { PartyDirectory } from '../parties/party-directory.js';
import { EventFold } from './event-fold.js';
import type { Finding, Note, OnProgress } from './report.js';

export interface FullCheck {
  readonly readModels: readonly string[];
  readonly findings: readonly Omit<Finding, 'party'>[];
  readonly notes: readonly Note[];
}

const PAGE_EVENTS = 10_000;

/** Folds every event, and holds the read models against a fold from the beginning. Rejects where the store cannot be read. */
export async function checkFully(party: PartyDirectory, entries: number, onProgress: OnProgress): Promise<FullCheck> {
  const location = embeddedIn(party.dataDirectory);
  const store = await openStore(location, { readOnly: true });
  const fold = new EventFold(store);
  try {
    for (let after = 0n; after < BigInt(entries) && fold.finding === undefined;) {
      const page = await store.readAll({ after, limit: PAGE_EVENTS });
      if (page.next === after) break;
      await fold.take(page.events);
      after = page.next;
      onProgress('fold', Math.min(Number(after), entries), entries);
    }
  } finally {
    await store.close();
  }
  if (fold.finding) return { readModels: [], findings: [fold.finding], notes: [] };
  return readModels(party, location, fold.kind, entries, onProgress);
}

async function readModels(
  { dataDirectory, keysDirectory }: PartyDirectory,
  store: StoreLocation,
  kind: PartyKind | undefined,
  entries: number,
  onProgress: OnProgress,
): Promise<FullCheck> {
  const modelsDirectory = join(dataDirectory, 'read-models');
  if (!existsSync(modelsDirectory)) return { readModels: [], findings: [], notes: [] };
  if (keysDirectory === undefined || kind === undefined) return { readModels: [], findings: [], notes: [{ code: 'READ_MODELS_UNCHECKED' }] };
  const checked = await checkReadModels({
    kind,
    store,
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
