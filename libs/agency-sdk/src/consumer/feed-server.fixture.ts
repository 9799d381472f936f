import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { AgencyClient } from '../agency-client.js';
import { generateKeyPairSync } from 'node:crypto';

const CURSOR = /^c(\d+)$/;

/** `GET /feed` as an intermediate server answers it, and nothing else: events from memory, no token is looked at. */
export class FeedServer {
  readonly requests: string[] = [];
  /** Answers with this status while it is set. */
  failing: number | undefined;
  /** A cursor that it does not accept, although it gave it out. */
  refused: string | undefined;
  #events: readonly unknown[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }
  static async start(): Promise<FeedServer> {
    const server = createServer();
    const feed = new FeedServer(server);
    server.on('request', (request, response) => {
      void feed.#answer(request.url ?? '').then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return feed;
  }

  publish(...events: readonly unknown[]): void {
    this.#events = [...this.#events, ...events];
    for (const wake of this.#waiting) wake();
  }
  client(): AgencyClient {
    const { privateKey } = generateKeyPairSync('ed25519');
    const { port } = this.#server.address() as AddressInfo;
    return new AgencyClient({ baseUrl: `http://127.0.0.1:${port}`, server: 'is-east', agency: '0220113112101700', keyId: 'k', privateKey, attemptsMax: 1 });
  }
  async close(): Promise<void> {
    for (const wake of this.#waiting) wake();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer(url: string): Promise<{ readonly status: number; readonly body: unknown }> {
    this.requests.push(url);
    const { pathname, searchParams } = new URL(url, 'http://feed.invalid');
    if (this.failing !== undefined) return { status: this.failing, body: { code: 'BUSY', kind: 'unavailable', detail: 'later' } };
    const after = searchParams.get('after');
    const from = after === null ? 0 : Number(CURSOR.exec(after)?.[1] ?? Number.NaN);
    if (pathname !== '/feed' || Number.isNaN(from) || (after !== null && after === this.refused)) {
      return { status: 400, body: { code: 'CURSOR_INVALID', kind: 'invalid', detail: 'no cursor of this feed' } };
    }
    const wait = Number(searchParams.get('wait') ?? 0);
    if (this.#events.length <= from && wait > 0) await this.#changed(wait * 1_000);
    const events = this.#events.slice(from, from + Number(searchParams.get('limit') ?? 100));
    return { status: 200, body: { events, next: `c${from + events.length}` } };
  }

  #changed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
    });
  }
}
