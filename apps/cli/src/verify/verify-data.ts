import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SigningKey } from '#libs/cryptography';
import type { ServerEvent, ServerRegistration } from '#libs/domain';
import { openStore } from '#libs/event-store';
import { knownLogsIn, sha256 } from '#libs/ledger';
import { COSIGNATURE_V1, type VerifierKey, verifierKeyOf } from '#libs/proofs';
import type { EventStoreWay } from '../parties/event-store-option.js';
import { locationOf } from '../parties/location-of.js';
import { partiesIn, type PartyDirectory, partyIn } from '../parties/party-directory.js';
import type { ModelsDatabase } from '#libs/read-models';
import { everyEvent } from './event-check.js';
import type { Finding, OnProgress, PartyReport, VerifyReport } from './report.js';
import { type KnownLog, verifyParty } from './verify-party.js';

export interface VerifyOptions {
  /** A sandbox's directory or a party's own. */
  readonly data: string;
  /** Keys of the parties: `<keys>/<id>`, or of the one party. Undefined: beside the parties of a sandbox. */
  readonly keys?: string | undefined;
  /** None: all there are. */
  readonly parties: readonly string[];
  readonly full: boolean;
  readonly threads: number;
  /** Another way to the EventStoreDB of the records than they note. */
  readonly eventStore?: EventStoreWay | undefined;
  /** Where the read models are, with `full`: a PostgreSQL database, or files below each party's data. */
  readonly database?: ModelsDatabase | undefined;
  readonly onParty?: (party: string) => void;
  readonly onProgress?: OnProgress;
  readonly onReport?: (report: PartyReport) => void;
}

interface ServerKey {
  readonly name: string;
  /** Ed25519, base64url. */
  readonly publicText: string;
}

const CORE = 'core';
/** Where a verifier may remember other parties' logs, below a server's data directory. */
const KNOWN_LOGS_DIRECTORIES = ['.', 'witnessed-logs'];

/** Checks the records of a data directory, one party after the other. Rejects with UsageError for a directory or party that is none, and with what an engine that does not answer is told by. */
export async function verifyData(options: VerifyOptions): Promise<VerifyReport> {
  const { data, full, threads, onParty = () => undefined, onProgress = () => undefined } = options;
  const { eventStore, database = {} } = options;
  const named = options.parties.length === 0 ? partiesIn(data, { eventStore }) : options.parties.map((id) => partyIn(data, id, { eventStore }));
  const parties = named.map((party) => withKeys(party, options.keys, named.length));
  const { known, findings } = await knownLogs(data);
  const witnesses = witnessKeys(options.keys ?? join(data, 'keys'), await registeredKeys(data, eventStore));
  const reports: PartyReport[] = [];
  for (const party of parties) {
    onParty(party.id);
    const report = await verifyParty({ party, known, witnesses, full, threads, database, onProgress });
    options.onReport?.(report);
    reports.push(report);
  }
  const ok = findings.length === 0 && reports.every((report) => report.findings.length === 0);
  return { ok, full, parties: reports, findings };
}

function withKeys(party: PartyDirectory, keys: string | undefined, parties: number): PartyDirectory {
  if (keys === undefined) return party.keysDirectory !== undefined && existsSync(party.keysDirectory) ? party : { ...party, keysDirectory: undefined };
  const own = join(keys, party.id);
  return { ...party, keysDirectory: existsSync(own) || parties > 1 ? own : keys };
}

/** What every server of the directory remembers of others' logs, whether it keeps a record or not. */
async function knownLogs(data: string): Promise<{ readonly known: readonly KnownLog[]; readonly findings: readonly Finding[] }> {
  const known: KnownLog[] = [];
  const findings: Finding[] = [];
  const sandbox = join(data, 'parties');
  const servers = existsSync(sandbox) ? readdirSync(sandbox).map((id) => ({ id, directory: join(sandbox, id) })) : [{ id: 'this party', directory: data }];
  for (const { id, directory } of servers) {
    for (const name of KNOWN_LOGS_DIRECTORIES) {
      try {
        for (const { origin, keys, checkpoint } of await knownLogsIn(join(directory, name)))
          known.push({ by: id, origin, keys, checkpoints: checkpoint === undefined ? [] : [checkpoint] });
      } catch (error) {
        const { message } = error as { readonly message?: string };
        findings.push({ code: 'KNOWN_LOGS_WRONG', party: id, detail: message ?? 'it cannot be read' });
      }
    }
  }
  return { known, findings };
}

/** Keys with which servers cosign: their signing keys, as far as they lie in this directory, and every one that the core has registered. */
function witnessKeys(keys: string, registered: readonly ServerKey[]): (deployment: string) => readonly VerifierKey[] {
  const servers = existsSync(keys) ? readdirSync(keys, { withFileTypes: true }).filter((entry) => entry.isDirectory()) : [];
  const own = servers.flatMap(({ name }) => {
    const key = SigningKey.load(join(keys, name));
    return key === undefined ? [] : [{ name, publicText: key.publicText }];
  });
  return (deployment) =>
    [...own, ...registered].map(({ name, publicText }) => verifierKeyOf(sha256, `${deployment}/${name}`, COSIGNATURE_V1, Buffer.from(publicText, 'base64url')));
}

/** Signing keys of the servers beside the core, older ones too, as its record has them; none where there is no core that can be read. */
async function registeredKeys(data: string, eventStore: EventStoreWay | undefined): Promise<readonly ServerKey[]> {
  const parties = join(data, 'parties');
  if (!existsSync(join(parties, CORE, 'event-store'))) return [];
  try {
    const store = await openStore(locationOf(partyIn(data, CORE, { eventStore })), { readOnly: true });
    try {
      const names = readdirSync(parties);
      const streams = await store.readStreams(names.map((name) => `server-${name}`));
      return streams.flatMap((events, index) => events.flatMap(({ bytes }) => signingKeyOf(names[index] as string, Buffer.from(bytes).toString('utf8'))));
    } finally {
      await store.close();
    }
  } catch {
    return []; // the core's own check tells
  }
}

function signingKeyOf(name: string, text: string): readonly ServerKey[] {
  const { type, data } = everyEvent.decode<ServerEvent>(text);
  if (type === 'ServerRegistered') return [{ name, publicText: (data as ServerRegistration).signingKey }];
  const { purpose, publicKey } = data as { readonly purpose?: string; readonly publicKey: string };
  return purpose === 'signing' ? [{ name, publicText: publicKey }] : [];
}
