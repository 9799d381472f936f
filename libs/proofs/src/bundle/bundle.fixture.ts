import { agencyEventTypes, exchangeEventTypes, logEventTypes, matrixEventTypes, provisionEventTypes, queryEventTypes } from '#libs/domain';
import { EventRegistry, type EventEnvelope, type Message, type SealedField } from '#libs/kernel';
import { ed25519 } from '@noble/curves/ed25519.js';
import { encodeHashes } from '../batch/batch-proof.js';
import { nobleHasher, sha256 } from '../hashing/noble-hasher.js';
import { formatCheckpoint } from '../notes/checkpoint.js';
import { cosign } from '../notes/cosignature.js';
import { toBase64 } from '../notes/base64.js';
import { COSIGNATURE_V1, ED25519, formatNote, formatVerifierKey, joined, keyIdOf, type VerifierKey } from '../notes/signed-note.js';
import type { Hasher } from '../tree/hasher.js';
import { consistencyProof, hashOfRange, inclusionProof, type NodeReader } from '../tree/proofs.js';
import { assembleBundle, type EntryToBundle, type LogToBundle } from './assemble-bundle.js';
import type { AuditBundle, BundleLog } from './audit-bundle.js';

const registry = new EventRegistry([
  ...exchangeEventTypes,
  ...queryEventTypes,
  ...provisionEventTypes,
  ...matrixEventTypes,
  ...agencyEventTypes,
  ...logEventTypes,
]);
const encoder = new TextEncoder();
const base64url = (bytes: Uint8Array): string => toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

/** A key that is the same in every run. */
export class FixedKey {
  readonly #secret: Uint8Array;
  readonly key: VerifierKey;
  readonly vkey: string;
  constructor(name: string, kind: number = ED25519, seed = name) {
    this.#secret = sha256(encoder.encode(`secret of ${seed}`));
    const publicKey = ed25519.getPublicKey(this.#secret);
    this.key = { name, kind, publicKey, keyId: keyIdOf(sha256, name, kind, publicKey) };
    this.vkey = formatVerifierKey(this.key);
  }
  sign = (message: Uint8Array): Uint8Array => ed25519.sign(message, this.#secret);
}

/** A log in memory: entries as they would be stored, a tree, and checkpoints. */
export class FixtureLog {
  readonly origin: string;
  readonly entries: string[] = [];
  readonly keys: FixedKey[];
  readonly #levels: Uint8Array[][] = [[]];

  constructor(
    readonly party: string,
    private readonly hasher: Hasher = nobleHasher,
    deployment = 'renkei.example',
  ) {
    this.origin = `${deployment}/${party}/1`;
    this.keys = [new FixedKey(this.origin)];
  }

  /** Adds an event; gives its leaf hash as other records cite it. */
  record(envelope: Omit<EventEnvelope, 'id' | 'recordedAt' | 'actor' | 'causationId' | 'correlationId'>, message: Message): string {
    const number = String(this.entries.length).padStart(12, '0');
    const head = sha256(encoder.encode(this.origin))[0]?.toString(16).padStart(2, '0') ?? '00';
    const id = `0171f1a3-4c${head}-7000-8000-${number}`;
    const full = { ...envelope, id, recordedAt: '2020-05-08T00:00:00.000Z', actor: 'system', causationId: id, correlationId: envelope.stream };
    return this.add(registry.encode(full, message));
  }

  add(bytes: string): string {
    this.entries.push(bytes);
    const leaf = this.hasher.leaf(encoder.encode(bytes));
    let hash = leaf;
    for (let level = 0; ; level += 1) {
      const row = (this.#levels[level] ??= []);
      row.push(hash);
      if (row.length % 2 === 1) break;
      hash = this.hasher.node(row.at(-2) as Uint8Array, hash);
    }
    return base64url(leaf);
  }

  readonly #read: NodeReader = (level, index) => this.#levels[level]?.[index] as Uint8Array;

  note(size: number, witnesses: readonly FixedKey[] = []): string {
    const text = formatCheckpoint({ origin: this.origin, size, root: hashOfRange(this.hasher, this.#read, 0, size) });
    const signatures = this.keys.map(({ key, sign }) => ({ name: key.name, keyId: key.keyId, signature: sign(encoder.encode(text)) }));
    return formatNote({ text, signatures }) + witnesses.map(({ key, sign }) => `${cosign(text, { key, sign }, 1_588_896_000)}\n`).join('');
  }

  /** These entries with their proofs, under the newest checkpoint; cosigned at an older size where there are witnesses. */
  bundled(indexes: readonly number[], witnesses: readonly FixedKey[] = [], cosignedSize = this.entries.length): LogToBundle {
    const size = this.entries.length;
    const nodes: Uint8Array[] = [];
    const known = new Map<string, number>();
    const placeOf = (hash: Uint8Array): number => {
      const name = toBase64(hash);
      const found = known.get(name) ?? nodes.push(hash) - 1;
      known.set(name, found);
      return found;
    };
    const entries: EntryToBundle[] = indexes.map((index) => ({
      index,
      path: inclusionProof(this.hasher, this.#read, index, size).map(placeOf),
      bytes: this.entries[index] as string,
    }));
    const log: BundleLog = {
      party: this.party,
      origin: this.origin,
      keys: this.keys.map(({ vkey }) => vkey),
      checkpoint: this.note(size),
      ...(witnesses.length === 0
        ? {}
        : {
            cosigned: {
              checkpoint: this.note(cosignedSize, witnesses),
              consistency: encodeHashes(consistencyProof(this.hasher, this.#read, cosignedSize, size)),
            },
          }),
      witnesses: witnesses.map(({ vkey }) => vkey),
      nodes: encodeHashes(nodes),
    };
    return { log, entries };
  }
}

export const EXCHANGE = '0171f195-dea0-7b8b-962c-953a60d6cf2c';
export const MADE_AT = '2020-05-09T00:00:00.000Z';
export const AT = '2020-05-08T00:01:03.000Z';
export const ASKS = '0220101100201700';
export const ANSWERS = '0220102201201700';
const AFFAIR = 'JM99000000000053';
const HELD_UNDER = 'JM99000000000016';
const INFORMATION = 'TM00000000000002';
export const SALT = 'AAAAAAAAAAAAAAAAAAAAAA';
export const witness = new FixedKey('renkei.example/if-north', COSIGNATURE_V1);

/** A field sealed under a salt of zeros: its commitment is a true one. */
export const sealed = (value: string): SealedField => ({
  key: 'record/core/2020-05',
  commitment: base64url(sha256(joined(new Uint8Array(16), encoder.encode(value)))),
  sealed: 'AAAA',
});

export const facts = {
  requester: ASKS,
  provider: ANSWERS,
  affair: AFFAIR,
  information: INFORMATION,
  period: '2020',
  department: 'child-welfare',
  nonDisclosure: false,
  requestedAt: AT,
};

/** Agencies, a table of two items and what is open: nine entries that a decision can rest on. */
function recordLaw(core: FixtureLog): void {
  const at = '2020-04-01T00:00:00.000Z';
  for (const [code, affair] of [
    [ASKS, AFFAIR],
    [ANSWERS, HELD_UNDER],
  ] as const) {
    const registration = { code, name: code, class: 'municipality', institution: true, codeHolder: true, welfareOffice: true, healthCentre: false };
    const data = { ...registration, localGovernment: code.slice(4, 10), placeholder: false, official: true, role: 'participant' };
    core.record({ stream: `agency-${code}`, revision: 0, at }, { type: 'AgencyRegistered', data });
    core.record({ stream: `agency-${code}`, revision: 1, at }, { type: 'AssessmentPublished', data: { affairs: [affair] } });
  }
  const rule = [{ class: 'municipality', takesPart: true }];
  for (const [revision, item] of ['57', '58'].entries()) {
    const information = [{ code: INFORMATION, words: '地方税関係情報', holdingAffair: HELD_UNDER, providers: rule, certainty: 'verified' }];
    const words = { affairName: '児童扶養手当', requesterWords: '都道府県知事等', certainty: 'verified', source: 'test' };
    const data = {
      version: '2020-04-01',
      item,
      affair: item === '57' ? AFFAIR : HELD_UNDER,
      ...words,
      requesters: rule,
      grants: [{ providerWords: '市町村長', information }],
    };
    core.record({ stream: 'matrix-2020-04-01', revision, at }, { type: 'PermissionItemEnacted', data });
  }
  const closing = { version: '2020-04-01', effectiveFrom: '2020-04-01', itemCount: 2, itemsDigest: 'x', draft: false, certainty: 'verified', source: 'test' };
  core.record({ stream: 'matrix-2020-04-01', revision: 2, at }, { type: 'PermissionMatrixEnacted', data: closing });
  const opening = { class: 'municipality', items: ['57'], from: '2017-07-18', stage: 'full', certainty: 'verified', source: 'test' };
  core.record({ stream: 'opening-municipality', revision: 0, at }, { type: 'OperationOpened', data: opening });
}

export interface Nation {
  readonly core: FixtureLog;
  readonly east: FixtureLog;
  readonly west: FixtureLog;
}
/** Parts of the events that a test wants otherwise. */
export interface Otherwise {
  readonly permit?: object;
  readonly received?: object;
  readonly made?: object;
}

/** One provision, recorded at all three; `exchange` and what the records hold may be another. */
export function recordExchange({ core, east, west }: Nation, exchange = EXCHANGE, otherwise: Otherwise = {}): void {
  const envelope = (stream: string, revision: number, agency?: string) => ({
    stream: `${stream}-${exchange}`,
    revision,
    at: AT,
    ...(agency === undefined ? {} : { agency }),
  });
  const submitted = { ...facts, subject: sealed('100'), identifier: sealed('asks'), queryDigest: 'd', subjectStream: 'a24de25675b3d2f8aabdbcbe287683cc' };
  const queryLeaf = east.record(envelope('query', 0, ASKS), { type: 'QuerySubmitted', data: submitted });
  const basis = { requester: 1, provider: 1, matrix: 2, openings: [{ stream: 'opening-municipality', revision: 0 }] };
  const grant = { table: '2020-04-01', item: '57', grant: 0, validUntil: '2020-05-08T01:01:03.000Z', basis };
  const persons = { requesterSubject: sealed('asks'), providerSubject: sealed('answers') };
  const permit = { ...facts, queryDigest: 'd', queryLeaf, ...persons, ...grant, ...otherwise.permit };
  const decisionLeaf = core.record(envelope('exchange', 0), { type: 'QueryPermitted', data: permit });
  const { table, item, validUntil } = permit;
  const decided = { permitted: true, exceptionApplied: false, table, item, validUntil, decisionLeaf };
  east.record(envelope('query', 1, ASKS), { type: 'QueryDecisionReceived', data: decided });
  const demanded = { ...facts, identifier: sealed('answers'), validUntil, decisionLeaf, table, item };
  west.record(envelope('provision', 0, ANSWERS), { type: 'ProvisionDemanded', data: demanded });
  const provided = { providedAt: AT, items: [`${INFORMATION}/assessment/2020`], digest: 'g', nonDisclosure: false };
  const made = {
    ...provided,
    replicas: [{ stream: 'replica-1e5cd3c56eb6dead9e02a123197ceac9', revision: 0 }],
    replicaRevision: 0,
    automatic: true,
    ...otherwise.made,
  };
  const providerLeaf = west.record(envelope('provision', 1, ANSWERS), { type: 'ProvisionMade', data: made });
  core.record(envelope('exchange', 1), { type: 'ProvisionRecorded', data: { ...provided, automatic: true, late: false, providerLeaf } });
  const received = { ...provided, receivedAt: AT, providerLeaf, decisionLeaf, keptUntil: '2020-05-22T00:00:00.000Z', ...otherwise.received };
  const requesterLeaf = east.record(envelope('query', 2, ASKS), { type: 'ProvisionReceived', data: received });
  core.record(envelope('exchange', 2), { type: 'ReceiptRecorded', data: { receivedAt: AT, requesterLeaf } });
}

export function smallNation(hasher?: Hasher): Nation {
  const nation = { core: new FixtureLog('core', hasher), east: new FixtureLog('is-east', hasher), west: new FixtureLog('is-west', hasher) };
  recordLaw(nation.core);
  return nation;
}

const all = (log: FixtureLog): readonly number[] => log.entries.map((_, index) => index);

/** Everything of these logs but what `leftOut` says (log, index); the core's is cosigned. */
export function bundleOf({ core, east, west }: Nation, leftOut: (party: string, index: number) => boolean = () => false): AuditBundle {
  const kept = (log: FixtureLog): readonly number[] => all(log).filter((index) => !leftOut(log.party, index));
  return assembleBundle({ kind: 'exchange', exchange: EXCHANGE }, MADE_AT, [
    core.bundled(kept(core), [witness], core.entries.length - 1),
    east.bundled(kept(east)),
    west.bundled(kept(west)),
  ]);
}

/** A whole provision and the law behind it, true in everything. */
export function trueBundle(): AuditBundle {
  const nation = smallNation();
  recordExchange(nation);
  return bundleOf(nation);
}
