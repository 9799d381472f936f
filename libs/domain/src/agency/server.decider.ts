import { assertNever, type Decider, DomainError, invalid, type Message } from '#libs/kernel';
import { parseServerId } from '../codes/codes.js';
import { isNewKey } from './key-rotation.js';
import type { ServerEvent, ServerRegistration } from './agency.events.js';

export const URL_CHARACTERS_MAX = 400;

export type KeyPurpose = 'signing' | 'transport';
export type ServerCommand =
  | Message<'RegisterServer', ServerRegistration>
  | Message<'RotateServerKey', { readonly purpose: KeyPurpose; readonly keyId: string; readonly publicKey: string }>;

export interface RegisteredServer {
  readonly status: 'registered';
  readonly registration: ServerRegistration;
  /** The key in use a purpose. */
  readonly current: Readonly<Partial<Record<KeyPurpose, string>>>;
  /** Every key there was, by `<purpose> <key id>`. */
  readonly keys: ReadonlyMap<string, string>;
}
export type Server = { readonly status: 'none' } | RegisteredServer;

const keyName = (purpose: KeyPurpose, keyId: string): string => `${purpose} ${keyId}`;
/** The public key of a server under an id, also one that was replaced since. */
export const serverKey = (server: RegisteredServer, purpose: KeyPurpose, keyId: string): string | undefined => server.keys.get(keyName(purpose, keyId));

function checkRegistration(data: ServerRegistration): void {
  parseServerId(data.id, 'id');
  if (data.url.length > URL_CHARACTERS_MAX || !/^https?:\/\/[^\s]+$/.test(data.url)) throw invalid('url', 'an http or https address', 'not an address');
  if (data.signingKeyId === '' || data.signingKey === '') throw invalid('signingKey', 'not empty', 'a server needs a key to sign with');
  const sealsData = data.kind === 'interface-system';
  const hasTransportKey = Boolean(data.transportKeyId) && Boolean(data.transportKey);
  if (sealsData !== hasTransportKey)
    throw invalid('transportKey', 'for interface systems, and no others', 'only interface systems seal data, and each needs a key for it');
}

function sameRegistration(a: ServerRegistration, b: ServerRegistration): boolean {
  return (
    a.id === b.id &&
    a.kind === b.kind &&
    a.url === b.url &&
    a.signingKeyId === b.signingKeyId &&
    a.signingKey === b.signingKey &&
    a.transportKeyId === b.transportKeyId &&
    a.transportKey === b.transportKey
  );
}

function decide(command: ServerCommand, server: Server): readonly ServerEvent[] {
  switch (command.type) {
    case 'RegisterServer':
      checkRegistration(command.data);
      if (server.status === 'none') return [{ type: 'ServerRegistered', data: command.data }];
      if (sameRegistration(server.registration, command.data)) return [];
      if (sameRegistration({ ...server.registration, url: command.data.url }, command.data)) return [{ type: 'ServerMoved', data: { url: command.data.url } }];
      throw new DomainError('SERVER_ALREADY_REGISTERED', 'conflict', 'this server is registered with other particulars');
    case 'RotateServerKey': {
      if (server.status === 'none') throw new DomainError('SERVER_NOT_FOUND', 'not-found', 'no server is registered under this id');
      const { purpose, keyId, publicKey } = command.data;
      if (purpose === 'transport' && server.registration.kind !== 'interface-system') {
        throw invalid('purpose', 'signing', 'only interface systems have a transport key');
      }
      if (!isNewKey(server.keys, server.current[purpose], keyId, publicKey, keyName(purpose, keyId))) return [];
      return [{ type: 'ServerKeyRotated', data: { purpose, keyId, publicKey } }];
    }
    default:
      return assertNever(command);
  }
}

function evolve(server: Server, event: ServerEvent): Server {
  switch (event.type) {
    case 'ServerRegistered': {
      const { signingKeyId, signingKey, transportKeyId, transportKey } = event.data;
      const keys = new Map([[keyName('signing', signingKeyId), signingKey]]);
      if (transportKeyId === undefined || transportKey === undefined) {
        return { status: 'registered', registration: event.data, current: { signing: signingKeyId }, keys };
      }
      keys.set(keyName('transport', transportKeyId), transportKey);
      return { status: 'registered', registration: event.data, current: { signing: signingKeyId, transport: transportKeyId }, keys };
    }
    case 'ServerMoved':
      return server.status === 'none' ? server : { ...server, registration: { ...server.registration, url: event.data.url } };
    case 'ServerKeyRotated': {
      if (server.status === 'none') return server;
      const { purpose, keyId, publicKey } = event.data;
      return { ...server, current: { ...server.current, [purpose]: keyId }, keys: new Map(server.keys).set(keyName(purpose, keyId), publicKey) };
    }
    default:
      return assertNever(event);
  }
}

/** Stream `server-<id>`. */
export const serverDecider: Decider<Server, ServerCommand, ServerEvent> = { decide, evolve, initialState: { status: 'none' } };
