import { Injectable } from '@nestjs/common';
import { BoundedCache } from '#libs/cryptography';
import { type Identifier, identifierDecider, type IdentifierEvent } from '#libs/domain';
import { fold } from '#libs/kernel';
import type { Stored } from '#libs/commands';
import { CoreParts } from '../core-parts.js';
import { eventOf } from '../exchanges/exchange-stream.js';

/** What a decision needs of one holder's identifier of one person. */
export type IdentifierStanding =
  | { readonly status: 'none'; readonly revision: number }
  | { readonly status: 'issued' | 'revoked'; readonly revision: number; readonly epoch: number; readonly generation: number };

export interface IdentifierRef {
  readonly stream: string;
  readonly standing: IdentifierStanding;
}

export const identifierStream = (name: string): string => `identifier-${name}`;

/** True where the identifier that was opened is the one that was issued last to this holder, and stands. */
export const isInForce = (standing: IdentifierStanding, opened: { readonly epoch: number; readonly generation: number }): boolean =>
  standing.status === 'issued' && standing.epoch === opened.epoch && standing.generation === opened.generation;

export const foldIdentifier = (history: readonly Stored<IdentifierEvent>[]): Identifier => fold(identifierDecider, history.map(eventOf));

function standingOf(history: readonly Stored<IdentifierEvent>[]): IdentifierStanding {
  const state = foldIdentifier(history);
  const revision = history.length - 1;
  if (state.status === 'none') return { status: 'none', revision };
  return { status: state.status === 'held' ? 'issued' : 'revoked', revision, epoch: state.epoch, generation: state.generation };
}

/**
 * Identifiers' streams as decisions read them: many at once, the last ones from memory. This process alone writes them;
 * whoever does says so with `writing` and `written`, so that no reader keeps what a writer has overtaken.
 */
@Injectable()
export class IdentifierStandings {
  readonly #cache: BoundedCache<IdentifierStanding>;
  #writes = 0;

  constructor(private readonly parts: CoreParts) {
    this.#cache = new BoundedCache(parts.settings.identifiersCachedMax);
  }

  /** In the order asked. */
  async read(wanted: readonly { readonly holder: string; readonly link: Uint8Array }[]): Promise<readonly IdentifierRef[]> {
    const streams = wanted.map(({ holder, link }) => identifierStream(this.parts.names.identifier(holder, link)));
    return this.readStreams(streams);
  }

  async readStreams(streams: readonly string[]): Promise<readonly IdentifierRef[]> {
    const found = streams.map((stream) => this.#cache.get(stream));
    const missing = [...new Set(streams.filter((_, index) => found[index] === undefined))];
    const loaded = missing.length === 0 ? new Map<string, IdentifierStanding>() : await this.#load(missing);
    return streams.map((stream, index) => ({ stream, standing: (found[index] ?? loaded.get(stream)) as IdentifierStanding }));
  }

  /** Says that these streams are about to be appended to. */
  writing(): void {
    this.#writes += 1;
  }

  /** Says that the append has ended, whatever came of it. */
  written(streams: readonly string[]): void {
    this.#writes += 1;
    for (const stream of streams) this.#cache.delete(stream);
  }

  async #load(streams: readonly string[]): Promise<Map<string, IdentifierStanding>> {
    const writes = this.#writes;
    const histories = await this.parts.recorder.load<IdentifierEvent>(streams);
    const loaded = new Map(streams.map((stream, index) => [stream, standingOf(histories[index] ?? [])]));
    // what was read while somebody wrote may be old by now: it serves this once
    if (writes === this.#writes) for (const [stream, standing] of loaded) this.#cache.set(stream, standing);
    return loaded;
  }
}
