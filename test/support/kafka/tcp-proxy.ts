import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What a proxy does to a server behind it: `open` passes on; `silent` accepts and takes everything, and answers nothing
 * (half-open); `refused` is not there; a number passes on what the server says that many milliseconds late.
 */
export type ProxyMode = 'open' | 'silent' | 'refused' | number;

/** A TCP proxy on loopback that can be made to fail. */
export class TcpProxy {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #mode: ProxyMode = 'open';

  constructor(private readonly ports: { readonly listen: number; readonly target: number }) {}

  get address(): string {
    return `127.0.0.1:${this.ports.listen}`;
  }

  /** Of connections that are open, too, but for `refused`, which drops them. */
  async mode(mode: ProxyMode): Promise<void> {
    this.#mode = mode;
    if (mode === 'refused') await this.#close();
    else await this.#listen();
  }

  async stop(): Promise<void> {
    await this.#close();
  }

  async #listen(): Promise<void> {
    if (this.#server) return;
    const server = createServer((client) => this.#join(client));
    this.#server = server;
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.ports.listen, '127.0.0.1', resolve));
  }

  #join(client: Socket): void {
    const upstream = connect(this.ports.target, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (this.#mode !== 'silent') upstream.write(bytes);
    });
    upstream.on('data', (bytes) => void this.#answer(client, bytes));
  }

  /** In the order of arrival: timers of the same length fire in theirs. */
  async #answer(client: Socket, bytes: Buffer): Promise<void> {
    if (typeof this.#mode === 'number') await sleep(this.#mode);
    if (this.#mode !== 'silent' && !client.destroyed) client.write(bytes);
  }

  async #close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }
}
