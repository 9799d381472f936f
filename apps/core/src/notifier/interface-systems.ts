import { DomainError } from '#libs/kernel';
import { ServiceClient, type TokenSigner } from '#libs/platform';
import { HttpInterfaceSystemPort, type InterfaceSystemPort } from '#libs/protocol';
import type { Register } from '../register/register.js';

/** The interface systems that the core speaks to. */
export abstract class InterfaceSystems {
  /** Throws UNKNOWN_SERVER where no interface system is registered under this id. */
  abstract of(id: string): InterfaceSystemPort;
  abstract close(): Promise<void>;
}

const DEADLINE_MS = 30_000;

/** Over HTTP, at the address that each was registered with. */
export class HttpInterfaceSystems extends InterfaceSystems {
  readonly #clients = new Map<string, { readonly address: string; readonly client: ServiceClient; readonly port: InterfaceSystemPort }>();

  constructor(
    private readonly register: Register,
    private readonly signer: TokenSigner,
  ) {
    super();
  }

  override of(id: string): InterfaceSystemPort {
    const registration = this.register.server(id)?.state.registration;
    if (registration?.kind !== 'interface-system') throw new DomainError('UNKNOWN_SERVER', 'unavailable', 'no interface system is registered under this id');
    const known = this.#clients.get(id);
    if (known?.address === registration.url) return known.port;
    // the lanes retry by themselves: an attempt more here would only delay the pause of a system that is down
    const client = new ServiceClient({ address: registration.url, audience: id, signer: this.signer, deadlineMs: DEADLINE_MS, attemptsMax: 1 });
    const port = new HttpInterfaceSystemPort((path, body) => client.call({ method: 'POST', path, body, idempotent: true }));
    this.#clients.set(id, { address: registration.url, client, port });
    return port;
  }

  override async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map(({ client }) => client.close()));
  }
}

/** In the same process, as the wiring gives them. */
export class InProcessInterfaceSystems extends InterfaceSystems {
  constructor(private readonly find: (id: string) => InterfaceSystemPort | undefined) {
    super();
  }

  override of(id: string): InterfaceSystemPort {
    const found = this.find(id);
    if (!found) throw new DomainError('UNKNOWN_SERVER', 'unavailable', 'no interface system runs under this id');
    return found;
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}
