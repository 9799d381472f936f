import { DomainError } from '#libs/kernel';
import { type CallerKey, ServiceClient, type TokenSigner } from '#libs/platform';
import type { DirectoryCache } from './directory-cache.js';
import { ed25519PublicKey } from './ed25519.js';
import type { PostJson } from './lines.js';

/** The core, as every other server is told of it by its operator: address and key are pinned, not read from the directory. */
export interface PinnedCore {
  readonly id: string;
  readonly url: string;
  /** Ed25519, 32 bytes, base64url. */
  readonly publicKey: string;
  /** Verifier key (C2SP signed-note) of its log: its checkpoints are verified against it. Not looked at without a ledger. */
  readonly ledgerKey: string;
}

/** The servers that this one calls: one client each, made at first use, with the address of the directory's day. */
export class Peers {
  readonly #clients = new Map<string, { readonly url: string; readonly client: ServiceClient }>();

  constructor(
    private readonly signer: TokenSigner,
    /** Address of a server; throws where none is known. */
    private readonly urlOf: (id: string) => string,
  ) {}

  /** How the ports over HTTP send: every hop may be sent again. */
  post(id: string): PostJson {
    return (path, body) => this.#client(id).call({ method: 'POST', path, body, idempotent: true });
  }

  #client(id: string): ServiceClient {
    const url = this.urlOf(id);
    const known = this.#clients.get(id);
    if (known?.url === url) return known.client;
    if (known) void known.client.close();
    const client = new ServiceClient({ address: url, audience: id, signer: this.signer });
    this.#clients.set(id, { url, client });
    return client;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map(({ client }) => client.close()));
    this.#clients.clear();
  }
}

/** Addresses from the directory, the core's as pinned. */
export function addressesOf(core: PinnedCore, directory: DirectoryCache): (id: string) => string {
  return (id) => {
    if (id === core.id) return core.url;
    const server = directory.serverNow(id);
    if (!server) throw new DomainError('SERVER_UNKNOWN', 'unavailable', 'the directory names no address for a server that is needed');
    return server.url;
  };
}

/** Keys of callers from the directory, the core's as pinned. */
export function keysOf(core: PinnedCore, directory: DirectoryCache): (issuer: string, keyId: string) => Promise<CallerKey | undefined> {
  const pinned: CallerKey = { kind: 'server', publicKey: ed25519PublicKey(core.publicKey) };
  return async (issuer, keyId) => (issuer === core.id ? pinned : directory.keyOf(issuer, keyId));
}
