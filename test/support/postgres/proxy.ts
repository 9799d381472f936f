import { createServer, type Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What becomes of bytes between client and server. `silent`: connections are taken and held, and nothing passes. */
export type ProxyMode = 'pass' | 'silent' | 'slow' | 'refuse';

const POSTGRES_PORT = 5432;
/** Each way, each time. */
const SLOW_MS = 30;

/** A TCP proxy in front of a database, for what a network does: it refuses, falls silent, or is slow. */
export class FaultyProxy {
  mode: ProxyMode = 'pass';
  /** Changes what the server says; of the same length. */
  rewrite: (fromServer: Buffer) => Buffer = (bytes) => bytes;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor(url: string) {
    this.#target = new URL(url);
  }

  /** The database's URL through this proxy. */
  async open(): Promise<string> {
    const server = createServer((client) => void this.#serve(client));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
    this.#port = (server.address() as { readonly port: number }).port;
    return Object.assign(new URL(this.#target), { hostname: '127.0.0.1', port: `${this.#port}` }).href;
  }

  /** Ends every connection there is. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  #serve(client: Socket): void {
    if (this.mode === 'refuse') {
      client.destroy();
      return;
    }
    const server = new Socket().connect(Number(this.#target.port || POSTGRES_PORT), this.#target.hostname);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        if (this.mode !== 'silent') to.destroy();
      });
    }
    void this.#pump(client, server, (bytes) => bytes);
    void this.#pump(server, client, (bytes) => this.rewrite(bytes));
  }

  async #pump(from: Socket, to: Socket, change: (bytes: Buffer) => Buffer): Promise<void> {
    try {
      for await (const bytes of from) {
        if (this.mode === 'slow') await sleep(SLOW_MS);
        if (this.mode !== 'silent') to.write(change(bytes as Buffer));
      }
    } catch {
      to.destroy();
    }
  }
}
