import { Injectable } from '@nestjs/common';
import { proveStored, type Stored } from '#libs/commands';
import { DomainError, invalid, type Message } from '#libs/kernel';
import type { Ledger } from '#libs/ledger';
import { encodeHashes } from '#libs/proofs';
import { Log } from '#libs/platform';
import { type ConsistencyAnswer, type ConsistencyLine, failed, type LineOutcome, type Place, type SharedProof, succeeded } from '#libs/protocol';
import { CoreParts } from '../core-parts.js';

/** One proof for what was asked, and a place in it for each event; undefined where the core runs without a ledger. */
export interface Proof {
  readonly proof: SharedProof;
  readonly places: readonly Place[];
}

/** `not-found`: what the core says it never had, while somebody shows a checkpoint of it, is evidence of a fork. */
const unknownSize = (): DomainError => new DomainError('LEDGER_SIZE_UNKNOWN', 'not-found', 'the log has never had this size', { field: 'to' });
const reversed = (): DomainError => invalid('from', 'not above to', 'the sizes are reversed');
const NO_LEDGER = new DomainError('LEDGER_UNAVAILABLE', 'unavailable', 'the core runs without a ledger: nothing is proved');

/**
 * The core's log as its answers need it: nothing leaves before it is in there. Remembers what each interface system said
 * to have seen, so that a proof can begin there; and whether anybody holds a larger checkpoint than there is, which only a
 * log that was rolled back or forked can bring about.
 */
@Injectable()
export class CoreLog {
  /** Size of the log that each interface system told last. Bounded: those that are registered. */
  readonly #seen = new Map<string, number>();
  readonly #contradictedBy = new Set<string>();

  constructor(
    private readonly parts: CoreParts,
    private readonly log: Log,
  ) {}

  get ledger(): Ledger | undefined {
    return this.parts.party.ledger;
  }

  /** Somebody holds a larger checkpoint of this log. Until the next start: an operator must look at it. */
  get isContradicted(): boolean {
    return this.#contradictedBy.size > 0;
  }

  /** Resolves when everything that was recorded so far is in the log. Rejects where that cannot be said: nothing may be answered. */
  async caughtUp(): Promise<void> {
    await this.ledger?.integrated(this.parts.recorder.newest);
  }

  /** The same before an answer is given: what it rests on was recorded before it. */
  async after<T>(answer: Promise<T>): Promise<T> {
    const told = await answer;
    await this.caughtUp();
    return told;
  }

  /** Proves stored events to a caller, from the size on that it says to have seen. */
  async prove(caller: string, stored: readonly Stored<Message>[], seen?: number): Promise<Proof | undefined> {
    const { ledger } = this;
    if (ledger === undefined || stored.length === 0) return undefined;
    if (seen !== undefined) this.sawSize(caller, seen);
    return proveStored(ledger, stored, seen);
  }

  /** The same to an interface system that is not asking: from the size on that it told last. */
  proveTo(interfaceSystem: string, stored: readonly Stored<Message>[]): Promise<Proof | undefined> {
    return this.prove(interfaceSystem, stored, this.#seen.get(interfaceSystem));
  }

  /** An interface system says that it has verified a checkpoint of this size. */
  sawSize(caller: string, size: number): void {
    const { ledger } = this;
    if (ledger === undefined || this.parts.register.server(caller)?.state.registration.kind !== 'interface-system') return;
    this.#seen.set(caller, size);
    if (size <= ledger.checkpoint.size || this.#contradictedBy.has(caller)) return;
    this.#contradictedBy.add(caller);
    this.log.error('an interface system holds a larger checkpoint of the core’s log than there is: the record was rolled back or forked', {
      code: 'LEDGER_CONTRADICTED',
      server: caller,
      count: size,
      position: String(ledger.checkpoint.size),
    });
  }

  consistency(caller: string, lines: readonly ConsistencyLine[]): readonly LineOutcome<ConsistencyAnswer>[] {
    const { ledger } = this;
    return lines.map(({ from, to }) => {
      if (ledger === undefined) return failed(NO_LEDGER);
      this.#noticeLarger(caller, Math.max(from, to));
      if (from > to) return failed(reversed());
      if (to > ledger.checkpoint.size) return failed(unknownSize());
      return succeeded({ hashes: encodeHashes(ledger.consistency(from, to)) });
    });
  }

  #noticeLarger(caller: string, size: number): void {
    if (size > (this.ledger?.checkpoint.size ?? size)) this.sawSize(caller, size);
  }
}
