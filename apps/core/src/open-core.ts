import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openParty, type Party } from '#libs/commands';
import { FileKeyVault, IdentifierCipher, VerificationKey } from '#libs/cryptography';
import {
  agencyEventTypes,
  exchangeEventTypes,
  holderEventTypes,
  identifierEventTypes,
  logEventTypes,
  matrixEventTypes,
  retentionEventTypes,
} from '#libs/domain';
import type { StoreLocation } from '#libs/event-store';
import { EventRegistry } from '#libs/kernel';
import { KnownLogs } from '#libs/ledger';
import { type CallerKey, type Clock, isDomainError, type KeyOf, type Log } from '#libs/platform';
import { type ModelsDatabase, modelsLocation, openReadModels, PAGE_ROWS_MAX, type ReadModels } from '#libs/read-models';
import { CORE, CoreParts } from './core-parts.js';
import { signingKeysOf } from './register/directory.js';
import { loadRegister } from './register/load-register.js';
import { Register } from './register/register.js';
import type { CoreSettings } from './settings.js';

/** The view of the register's streams may have to fold what a crash left behind. */
const CAUGHT_UP_TIMEOUT_MS = 30_000;
const STALE_RETRY_MS = 200;

export const coreEvents = (): EventRegistry =>
  new EventRegistry([
    ...agencyEventTypes,
    ...matrixEventTypes,
    ...identifierEventTypes,
    ...exchangeEventTypes,
    ...holderEventTypes,
    ...retentionEventTypes,
    ...logEventTypes,
  ]);

export interface OpenedCore {
  readonly party: Party;
  readonly parts: CoreParts;
  readonly models: ReadModels;
}

/** Opens the core's record, keys, read models and register. Rejects with nothing left open. */
export async function openCore(options: {
  readonly dataDirectory: string;
  readonly keysDirectory: string;
  readonly clock: Clock;
  readonly settings: CoreSettings;
  readonly log: Log;
  readonly deployment: string;
  readonly withoutLedger?: true;
  readonly readModels?: ModelsDatabase;
  readonly store?: StoreLocation | undefined;
}): Promise<OpenedCore> {
  const { dataDirectory, keysDirectory, clock, settings, log, deployment, withoutLedger, readModels, store } = options;
  const events = coreEvents();
  const party = await openParty({
    dataDirectory,
    keysDirectory,
    store,
    events,
    log: { deployment, party: CORE, now: () => clock.now() },
    ...(withoutLedger === undefined ? {} : { withoutLedger }),
    onTrouble: (code) => log.error('the ledger has trouble', { code }),
  });
  let models: ReadModels | undefined;
  try {
    const cipher = await IdentifierCipher.create(new FileKeyVault(keysDirectory));
    models = await openReadModels({
      kind: 'core',
      store: party.location,
      keyDirectory: keysDirectory,
      models: modelsLocation({ ...readModels, dataDirectory, deployment, party: CORE }),
      onAlarm: ({ code, projection, position }) =>
        log.error('a read model has trouble', {
          code,
          ...(projection === undefined ? {} : { projection }),
          ...(position === undefined ? {} : { position: String(position) }),
        }),
    });
    const register = new Register();
    await loadRegister(register, party.store, events, await registerStreams(models, party));
    const pinned = [...register.servers()].flatMap(({ state }) => register.witnessedLog(state.registration.id)?.keys ?? []);
    const known =
      party.ledger &&
      (await KnownLogs.open(join(dataDirectory, 'witnessed-logs'), {
        pinned,
        onTrouble: (code) => log.error('what the core knows of the logs that it cosigns has trouble', { code }),
      }));
    return { party, models, parts: new CoreParts(party, deployment, events, cipher, clock, register, settings, known) };
  } catch (error) {
    await models?.close();
    await party.close();
    throw error;
  }
}

async function registerStreams(models: ReadModels, { store }: Party): Promise<readonly string[]> {
  const atLeast = await store.lastPosition();
  const streams: string[] = [];
  for (;;) {
    const page = await current(() =>
      models.ask('registerStreams', { after: streams.at(-1), limit: PAGE_ROWS_MAX }, { atLeast, timeoutMs: CAUGHT_UP_TIMEOUT_MS }),
    );
    streams.push(...page);
    if (page.length < PAGE_ROWS_MAX) return streams;
  }
}

/** Answers of the newest rows: where an older version's stand in for them, those are being built. */
async function current<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + CAUGHT_UP_TIMEOUT_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isDomainError(error) || error.code !== 'READ_MODEL_STALE' || performance.now() > deadline) throw error;
      await sleep(STALE_RETRY_MS);
    }
  }
}

/** Keys of callers: registered servers', and the operators' as configured (name → Ed25519 public key, base64url). */
export function coreKeys(register: Register, operators: ReadonlyMap<string, string>): KeyOf {
  const known = new Map<string, VerificationKey>();
  const keyOf = (kind: CallerKey['kind'], publicText: string): CallerKey => {
    const key = known.get(publicText) ?? new VerificationKey(publicText);
    known.set(publicText, key);
    return { kind, publicKey: key.publicKey };
  };
  return (issuer, keyId) => {
    const operator = operators.get(issuer);
    if (operator !== undefined) return new VerificationKey(operator).keyId === keyId ? keyOf('operator', operator) : undefined;
    const server = register.server(issuer);
    const publicText = server && signingKeysOf(server, Date.now())[keyId];
    return publicText === undefined ? undefined : keyOf('server', publicText);
  };
}
