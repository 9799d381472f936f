import { join } from 'node:path';
import { FileKeyVault, HmacNames, IdentifierCipher, monthKeyId, newEventIds, openPartySecrets, ProtectedFields, RecordKeys } from '#libs/cryptography';
import { exchangeEventTypes, replicaEventTypes } from '#libs/domain';
import { type AppendRequest, NO_STREAM, openStore, type Position } from '#libs/event-store';
import { EventRegistry, type Message, uuidV7 } from '#libs/kernel';
import type { OpenReadModelsOptions, PartyKind } from '#libs/read-models';
import { type Engine, newStore } from './engines.js';

export const AGENCY = '9900000000000001';
export const INFORMATION = 'TM00000000000002';
const AT = '2020-05-08T00:00:00.000Z';
export const REPLICAS_A_PERSON = 4;
export const EVENTS_AN_EXCHANGE = 3;
const APPENDS_AT_ONCE = 1_000;
const registry = new EventRegistry([...replicaEventTypes, ...exchangeEventTypes]);
/** As long as a sealed field with some 200 bytes of content. */
const SEALED = 'A'.repeat(290);
const DIGEST = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA';

/** A party's directories with a store that others fold. */
export interface StoredParty {
  readonly options: OpenReadModelsOptions;
  readonly names: HmacNames;
  readonly position: Position;
}

function appendOf(stream: string, events: readonly Message[], first = 0): AppendRequest {
  const ids = newEventIds(events.length);
  return {
    stream,
    expectedRevision: first === 0 ? NO_STREAM : first - 1,
    events: events.map((message, offset) => {
      const id = ids[offset] ?? '';
      const envelope = { id, stream, revision: first + offset, recordedAt: AT, at: AT, agency: AGENCY, actor: 'system', correlationId: id, causationId: id };
      return { id, type: message.type, bytes: Buffer.from(registry.encode(envelope, message)) };
    }),
  };
}

interface History {
  readonly engine: Engine;
  readonly directory: string;
  readonly kind: PartyKind;
  readonly count: number;
  /** The append with this number. */
  readonly make: (number: number) => AppendRequest;
  readonly names: HmacNames;
}

/** Appends what `make` gives for each number, a thousand at once, and closes the store. */
async function stored({ engine, directory, kind, count, make, names }: History): Promise<StoredParty> {
  const location = newStore(engine, directory);
  const store = await openStore(location);
  for (let from = 0; from < count; from += APPENDS_AT_ONCE) {
    const requests = Array.from({ length: Math.min(APPENDS_AT_ONCE, count - from) }, (_, offset) => make(from + offset));
    for (const outcome of await store.appendMany(requests)) if (outcome.status === 'rejected') throw outcome.reason as Error;
  }
  const position = await store.lastPosition();
  await store.close();
  const onAlarm = (alarm: { readonly code: string }): void => {
    throw new Error(`the read models are in trouble: ${alarm.code}`);
  };
  return {
    options: {
      kind,
      store: location,
      keyDirectory: join(directory, 'keys'),
      models: { kind: 'sqlite', directory: join(directory, 'read-models') },
      onAlarm,
    },
    names,
    position,
  };
}

export const subjectOf = (names: HmacNames, person: number): string => names.subject(AGENCY, `${person}`);

export async function storedReplicas(engine: Engine, directory: string, persons: number): Promise<StoredParty> {
  const keys = await RecordKeys.open(join(directory, 'keys'));
  await keys.close();
  const names = new HmacNames(openPartySecrets(join(directory, 'keys')).streamSecret);
  const years = Array.from({ length: REPLICAS_A_PERSON }, (_, year) => `${2017 + year}`);
  const registered = (subject: string): Message[] =>
    years.map((period) => ({
      type: 'ReplicaRegistered',
      data: {
        information: INFORMATION,
        dataset: 'income',
        period,
        layout: '2019-06-17',
        content: { key: `subject/${AGENCY}/${subject}`, commitment: DIGEST, sealed: SEALED },
        contentDigest: DIGEST,
      },
    }));
  const make = (person: number): AppendRequest => {
    const subject = subjectOf(names, person);
    return appendOf(`replica-${subject}`, registered(subject));
  };
  return stored({ engine, directory, kind: 'intermediate-server', count: persons, make, names });
}

/** Whole exchanges at the core, as they lie there under load: a thousand decisions, then their provisions, then their receipts. */
export async function storedExchanges(engine: Engine, directory: string, exchanges: number): Promise<StoredParty> {
  const keyDirectory = join(directory, 'keys');
  const names = new HmacNames(openPartySecrets(keyDirectory).streamSecret);
  const cipher = await IdentifierCipher.create(new FileKeyVault(keyDirectory));
  const keys = await RecordKeys.open(keyDirectory);
  const keyId = monthKeyId('core', '2020-05');
  await keys.ensure([keyId]);
  const fields = new ProtectedFields(keys);
  const facts = { affair: 'JM99000000000074', information: INFORMATION, period: '2020', department: 'child-welfare', nonDisclosure: false, requestedAt: AT };
  const decided = (number: number): Message => {
    const [requester, provider] = [`99000000000${10_000 + (number % 1_741)}`, `99000000000${10_000 + ((number * 7) % 1_741)}`];
    const link = cipher.linkOf(`${10_000_000_000 + number}`);
    const [requesterSubject, providerSubject] = fields.protect(keyId, [cipher.issue(requester, link, 1), cipher.issue(provider, link, 1)]);
    const basis = { requester: 3, provider: 3, matrix: 127 };
    const cited = { table: '2020-04-01', item: '74', grant: 0, validUntil: '2020-05-15T00:00:00.000Z', basis };
    const data = { ...facts, ...cited, requester, provider, queryDigest: DIGEST, queryLeaf: DIGEST, requesterSubject, providerSubject };
    return { type: 'QueryPermitted', data };
  };
  const provided: Message = {
    type: 'ProvisionRecorded',
    data: { providedAt: AT, items: [`${INFORMATION}/income/2020`], digest: DIGEST, nonDisclosure: false, automatic: true, late: false, providerLeaf: DIGEST },
  };
  const received: Message = { type: 'ReceiptRecorded', data: { receivedAt: AT, requesterLeaf: DIGEST } };
  const started = Date.parse(AT);
  const bits = Buffer.alloc(10);
  const make = (number: number): AppendRequest => {
    const [batch, within] = [Math.floor(number / APPENDS_AT_ONCE), number % APPENDS_AT_ONCE];
    const [step, exchange] = [batch % EVENTS_AN_EXCHANGE, Math.floor(batch / EVENTS_AN_EXCHANGE) * APPENDS_AT_ONCE + within];
    bits.writeUInt32BE(exchange, 4);
    return appendOf(`exchange-${uuidV7(started + exchange, bits)}`, [step === 0 ? decided(exchange) : step === 1 ? provided : received], step);
  };
  try {
    return await stored({ engine, directory, kind: 'core', count: exchanges * EVENTS_AN_EXCHANGE, make, names });
  } finally {
    await keys.close();
  }
}
