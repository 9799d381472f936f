// The wire in front of the double: it can be cut, closed and frozen as that of a process that is killed or stopped.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

const HOST = '127.0.0.1';

export class Front {
  readonly #target: number;
  readonly #pairs = new Set<{ readonly outer: Socket; readonly inner: Socket }>();
  #server: Server | undefined;
  #port = 0;
  #frozen = false;

  /** @param target port of the server behind */
  constructor(target: number) {
    this.#target = target;
  }

  get port(): number {
    return this.#port;
  }

  /** Takes connections; after `close` on the same port as before. */
  async open(): Promise<void> {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (outer) => this.#join(outer));
    server.listen(this.#port, HOST);
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Resets every connection, as the kernel does for a process that was killed. */
  cut(): void {
    for (const { outer, inner } of this.#pairs) {
      outer.resetAndDestroy();
      inner.destroy();
    }
    this.#pairs.clear();
  }

  /** Cuts, and refuses connections from now on. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#frozen = false;
    this.cut();
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    await closed;
  }

  /** Nothing passes any more, in either direction, and nothing is refused: connections are taken and stay silent. */
  freeze(): void {
    this.#frozen = true;
    for (const { outer, inner } of this.#pairs) {
      outer.pause();
      inner.pause();
    }
  }

  thaw(): void {
    this.#frozen = false;
    for (const { outer, inner } of this.#pairs) {
      outer.resume();
      inner.resume();
    }
  }

  #join(outer: Socket): void {
    const inner = connect({ port: this.#target, host: HOST, noDelay: true });
    const pair = { outer, inner };
    this.#pairs.add(pair);
    relay(outer, inner, () => this.#frozen);
    relay(inner, outer, () => this.#frozen);
    const part = (): void => {
      this.#pairs.delete(pair);
      inner.destroy();
      outer.destroy();
    };
    for (const socket of [outer, inner]) socket.on('error', part).on('close', part);
    if (this.#frozen) inner.pause();
    else outer.resume();
  }
}

/** Bytes from one to the other, no more on the way than the other takes. */
function relay(from: Socket, to: Socket, isFrozen: () => boolean): void {
  from.on('data', (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => {
    if (!isFrozen()) from.resume();
  });
  from.on('end', () => to.end());
}
