import type { KeyObject } from 'node:crypto';
import { DomainError } from '#libs/kernel';
import type { CallerKey } from '#libs/platform';
import type { AgencyEntry, Directory, ServerEntry } from './directory.js';
import { ed25519PublicKey } from './ed25519.js';

/** How old a directory may be before it is read again, and how soon a miss may ask again. */
export const DIRECTORY_REFRESH_MS = 30_000;
export const DIRECTORY_MISS_MS = 1_000;

/** The core's directory, kept in memory: asked for every token and every route. */
export class DirectoryCache {
  #version = -1;
  #agencies = new Map<string, AgencyEntry>();
  #servers = new Map<string, ServerEntry>();
  #keys = new Map<string, KeyObject>();
  #refreshing: Promise<void> | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** `onFailure` is told when a refresh by the timer failed; the last directory stays in use. */
  constructor(
    private readonly fetch: () => Promise<Directory>,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Reads the directory and keeps it fresh. Resolves also where the core is down: it is asked again. */
  async start(): Promise<void> {
    await this.refresh().catch(this.onFailure);
    this.#timer = setInterval(() => void this.refresh().catch(this.onFailure), DIRECTORY_REFRESH_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get isKnown(): boolean {
    return this.#version >= 0;
  }

  /** Reads it now; calls meanwhile share one request. */
  refresh(): Promise<void> {
    this.#askedAtMs = performance.now();
    this.#refreshing ??= this.fetch()
      .then((directory) => this.#take(directory))
      .finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** The agency, after one more look at the core where it is unknown here. */
  async agency(code: string): Promise<AgencyEntry | undefined> {
    if (!this.#agencies.has(code)) await this.lookAgain();
    return this.#agencies.get(code);
  }

  async server(id: string): Promise<ServerEntry | undefined> {
    if (!this.#servers.has(id)) await this.lookAgain();
    return this.#servers.get(id);
  }

  /** Looks at the core once where one of the agencies is unknown here; `agencyNow` then tells. */
  async know(agencies: Iterable<string>): Promise<void> {
    for (const code of agencies) {
      if (this.#agencies.has(code)) continue;
      await this.lookAgain();
      return;
    }
  }

  /** What is in memory, without a look at the core: for the lines of a batch. */
  agencyNow = (code: string): AgencyEntry | undefined => this.#agencies.get(code);
  serverNow = (id: string): ServerEntry | undefined => this.#servers.get(id);

  /** The public key of a server's or an agency's token. */
  async keyOf(issuer: string, keyId: string): Promise<CallerKey | undefined> {
    return this.#keyNow(issuer, keyId) ?? (await this.lookAgain().then(() => this.#keyNow(issuer, keyId)));
  }

  #keyNow(issuer: string, keyId: string): CallerKey | undefined {
    const server = this.#servers.get(issuer);
    const publicText = server ? server.signingKeys[keyId] : this.#agencies.get(issuer)?.keys[keyId];
    return publicText === undefined ? undefined : { kind: server ? 'server' : 'agency', publicKey: this.#keyObject(publicText) };
  }

  #keyObject(publicText: string): KeyObject {
    const known = this.#keys.get(publicText);
    if (known) return known;
    const key = ed25519PublicKey(publicText);
    this.#keys.set(publicText, key);
    return key;
  }

  /** Reads it again where something is missing here: at most once a second, so that made-up issuers can't make this server hammer the core. Never rejects. */
  async lookAgain(): Promise<void> {
    if (this.#refreshing === undefined && performance.now() - this.#askedAtMs < DIRECTORY_MISS_MS) return;
    await this.refresh().catch(this.onFailure);
  }

  #take(directory: Directory): void {
    if (directory.version < this.#version) return; // an older answer overtaken by a newer one
    this.#version = directory.version;
    this.#agencies = new Map(directory.agencies.map((agency) => [agency.code, agency]));
    this.#servers = new Map(directory.servers.map((server) => [server.id, server]));
    this.#keys = new Map();
  }
}

export const notSpokenFor = (agency: 'requester' | 'provider' | 'holder'): DomainError =>
  new DomainError('AGENCY_NOT_SPOKEN_FOR', 'forbidden', `the calling server does not speak for the ${agency}`, { field: agency });
