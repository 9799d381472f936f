import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AgencyClient,
  type ConsumerHooks,
  consumeFeed,
  type DeadLetters,
  type FeedConsumer,
  type FeedHandlers,
  type FeedSource,
  type FeedEvent,
  isPassing,
} from '#libs/agency-sdk';
import { DomainError } from '#libs/kernel';
import { taxFactsOf } from './allowance.js';
import type { CaseFile, CaseTransaction, DecidedCase } from './case-file.js';

const LINES_MAX = 500;
const LOOK_AGAIN_MS = 200;
const TROUBLE_PAUSE_MS = 2_000;

export interface DeskOptions {
  readonly caseFile: CaseFile;
  readonly client: AgencyClient;
  readonly source: FeedSource<FeedEvent>;
  readonly deadLetters: DeadLetters;
  readonly told: DeskTold;
}
export interface DeskTold extends ConsumerHooks {
  sent(queries: number): void;
  decided(decision: DecidedCase): void;
  /** The server does not answer: the desk tries again. */
  waiting(code: string): void;
}

/**
 * What the feed tells, noted in the case file in the transaction of the inbox. The agency has other desks on the same feed:
 * what is of no case here is left.
 */
function handlers(caseFile: CaseFile): FeedHandlers<CaseTransaction> {
  return {
    'renkei.query.decided.v1': async ({ data }, { tx }) => {
      if (data.decision === 'denied') await caseFile.note(tx, data.exchangeId, 'missing', data.reason ?? 'DENIED');
    },
    'renkei.result.received.v1': async ({ data }, { tx }) => void (await caseFile.note(tx, data.exchangeId, 'ready')),
    'renkei.query.ended.v1': async ({ data }, { tx }) => void (await caseFile.note(tx, data.exchangeId, 'missing', data.reason)),
    'renkei.query.withdrawn.v1': async ({ data }, { tx }) => void (await caseFile.note(tx, data.exchangeId, 'missing', 'WITHDRAWN')),
  };
}

/** A desk at work: sends what is new, follows the feed, fetches what is ready, decides. Every step may be done again. */
export class Desk {
  readonly #consumer: FeedConsumer<CaseTransaction>;
  readonly #stop = new AbortController();
  readonly #working: Promise<void>;

  constructor(private readonly options: DeskOptions) {
    const { caseFile, source, deadLetters, told } = options;
    this.#consumer = consumeFeed({ source, inbox: caseFile.inbox, deadLetters, handlers: handlers(caseFile), hooks: told });
    this.#working = this.#work();
  }

  /** Resolves once every case is decided and every result acknowledged; rejects where the desk cannot go on. */
  async untilDone(signal: AbortSignal): Promise<void> {
    const failed = this.#working.then(() => undefined);
    while (!signal.aborted) {
      const { cases, decided, received, acknowledged } = await this.options.caseFile.counts();
      if (cases === decided && received === acknowledged) return;
      await Promise.race([sleep(LOOK_AGAIN_MS), failed]);
    }
  }

  /** Ends what is under way, then stops. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled([this.#consumer.stop(), this.#working]);
  }

  async #work(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let pauseMs = LOOK_AGAIN_MS;
      try {
        await this.#send();
        await this.#fetch();
        await this.#acknowledge();
        for (const decision of await this.options.caseFile.decide(LINES_MAX)) this.options.told.decided(decision);
      } catch (error) {
        if (signal.aborted) return;
        if (!isPassing(error)) throw error;
        this.options.told.waiting(error instanceof DomainError ? error.code : 'UNAVAILABLE');
        pauseMs = TROUBLE_PAUSE_MS;
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // stopped
    }
  }

  async #send(): Promise<void> {
    const { caseFile, client, told } = this.options;
    const lines = await caseFile.linesToSend(LINES_MAX);
    if (lines.length === 0) return;
    const outcomes = await client.submitQueries(lines, { signal: this.#stop.signal });
    for (const [index, { exchangeId }] of lines.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined || outcome.ok) await caseFile.note(undefined, exchangeId, 'open');
      else if (outcome.problem.kind !== 'busy' && outcome.problem.kind !== 'unavailable')
        await caseFile.note(undefined, exchangeId, 'missing', outcome.problem.code);
    }
    told.sent(outcomes.filter(({ ok }) => ok).length);
  }

  async #fetch(): Promise<void> {
    const { caseFile, client } = this.options;
    for (const exchangeId of await caseFile.resultsToFetch(LINES_MAX)) {
      if (this.#stop.signal.aborted) return;
      try {
        const { replicas } = await client.result(exchangeId, { signal: this.#stop.signal });
        await caseFile.noteFacts(exchangeId, taxFactsOf(replicas[0]?.content));
      } catch (error) {
        if (!(error instanceof DomainError) || error.kind !== 'not-found') throw error;
        await caseFile.noteFacts(exchangeId, undefined, error.code); // kept no longer
      }
    }
  }

  async #acknowledge(): Promise<void> {
    const { caseFile, client } = this.options;
    const ids = await caseFile.resultsToAcknowledge(LINES_MAX);
    if (ids.length === 0) return;
    const outcomes = await client.acknowledgeResults(
      ids.map((exchangeId) => ({ exchangeId })),
      { signal: this.#stop.signal },
    );
    await caseFile.noteAcknowledged(ids.filter((_, index) => outcomes[index]?.ok === true));
  }
}
