import { join } from 'node:path';
import { type Role, ROLES } from '#libs/domain';
import { openStore } from '#libs/event-store';
import { type Ledger, readLedger } from '#libs/ledger';
import { locationOf } from '../parties/location-of.js';
import type { PartyDirectory } from '../parties/party-directory.js';
import { evidenceOf, type EvidenceSource, writeEvidence } from './evidence.js';
import type { Reconciled } from './reconcile-stores.js';

/** Parties whose log could not be read, by the code of the refusal. */
type Unproved = readonly { readonly party: string; readonly code: string }[];

/** Writes a file of evidence for each exchange that does not agree. `parties` in the order in which their stores were reconciled. */
export async function writeAllEvidence(
  directory: string,
  { found, asOf }: Reconciled,
  parties: readonly PartyDirectory[],
): Promise<{ readonly files: number; readonly unproved: Unproved }> {
  const sources: EvidenceSource[] = [];
  const unproved: { party: string; code: string }[] = [];
  if (found.length === 0) return { files: 0, unproved };
  try {
    for (const party of parties) {
      const { id, dataDirectory } = party;
      const store = await openStore(locationOf(party), { readOnly: true });
      sources.push({ id, store, ledger: await logOf(dataDirectory, (code) => unproved.push({ party: id, code })) });
    }
    for (const exchange of found) {
      const concerned: Partial<Record<Role, EvidenceSource>> = {};
      for (const role of ROLES) {
        const index = exchange.stores[role];
        const source = index === undefined ? undefined : sources[index];
        if (source) concerned[role] = source;
      }
      await writeEvidence(directory, await evidenceOf(exchange, asOf, concerned));
    }
    return { files: found.length, unproved };
  } finally {
    await Promise.all(sources.flatMap(({ store, ledger }) => (ledger ? [store.close(), ledger.close()] : [store.close()])));
  }
}

/** The log of a party as far as it was written; evidence of a damaged or missing one is told without proofs, and that is told. */
async function logOf(dataDirectory: string, onUnproved: (code: string) => void): Promise<Ledger | undefined> {
  try {
    return await readLedger({ directory: join(dataDirectory, 'ledger') });
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (typeof code !== 'string') throw error;
    onUnproved(code);
    return undefined;
  }
}
