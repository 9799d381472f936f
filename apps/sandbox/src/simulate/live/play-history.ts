import { CORE_SETTINGS } from '#apps/core';
import { type SubmitQueryLine, valueOf } from '#libs/agency-sdk';
import { DomainError, plusMs } from '#libs/kernel';
import { groupedBy } from '../../grouped.js';
import { Nation } from '../../nation/nation.js';
import { SetUp } from '../../setup/set-up.js';
import { batchesOf, BEFORE_MS, DAY_BEGINS, type HistoryOptions, secondsSince, type WrittenHistory } from '../history.js';
import { isHeld, type Outcome, type SimulatedExchange, Workload } from '../exchanges.js';
import { numberAt } from '../population.js';
import { FIRST_DAY, LAST_DAY } from '../seed-figures.js';
import { writeState } from '../simulation-file.js';
import { Tally } from '../tally.js';
import { Ends } from './ends.js';
import { clientOf, LiveIdentities, pagesOf } from './live-identities.js';

/** Exchanges asked for before all of them have ended. */
const BATCH_EXCHANGES = 1_000;
const REQUESTS_AT_ONCE = 8;
const HELD_PAGE = 200;
const HELD_LOOKS_MAX = 600;
const HELD_EVERY_MS = 100;
const LAPSE_GRACE_MS = 60_000;

/**
 * Plays the history of a seed on a nation that runs: every query through its agency's own interface, all systems, all proofs;
 * servers speak to each other by calls in this process. The business clock is set forward to each batch. Same result as
 * `writeHistory`, and besides it mailboxes, cosignatures and read models.
 */
export async function playHistory(options: HistoryOptions): Promise<WrittenHistory> {
  const { directory, exchanges, seed, from = FIRST_DAY, to = LAST_DAY, onProgress, signal } = options;
  const startedMs = performance.now();
  const startsAt = plusMs(`${from}${DAY_BEGINS}`, -BEFORE_MS);
  const nation = await Nation.start({ directory, basePort: 0, logLevel: 'error', between: 'in-process', startsAt });
  let ends: Ends | undefined;
  try {
    await new SetUp(nation, undefined, 'en', 'register').run();
    ends = await Ends.follow(nation);
    const setUp = secondsSince(startedMs);
    onProgress?.(0);
    const player = new Player(nation, ends);
    const tally = new Tally();
    const save = (complete: boolean): void => writeState(directory, { seed, exchanges, from, to, mode: 'nation', recorded: tally.exchanges, complete });
    save(false);
    const recordingMs = performance.now();
    for (const batch of batchesOf(new Workload(options).exchanges(), BATCH_EXCHANGES)) {
      if (signal?.aborted === true) break;
      await player.play(batch);
      for (const exchange of batch) tally.add(exchange);
      save(false);
      onProgress?.(tally.exchanges);
    }
    const recording = secondsSince(recordingMs);
    const complete = tally.exchanges === exchanges;
    save(complete);
    return { tally: tally.report(), complete, seconds: { setUp, recording, logs: 0 } };
  } finally {
    await ends?.stop();
    await nation.close();
  }
}

const countOf = (batch: readonly SimulatedExchange[], ...outcomes: readonly Outcome[]): number =>
  batch.filter(({ outcome }) => outcomes.includes(outcome)).length;

class Player {
  readonly #identities: LiveIdentities;
  /** Events that must have been recorded since the beginning. */
  readonly #wanted = { QueryDecisionReceived: 0, QueryDenied: 0, ReceiptRecorded: 0, NoProvisionRecorded: 0, QueryEnded: 0, QueryLapsed: 0 };

  constructor(
    private readonly nation: Nation,
    private readonly ends: Ends,
  ) {
    this.#identities = new LiveIdentities(nation);
  }

  /** Asks for a batch of one day and sees it to its end. */
  async play(batch: readonly SimulatedExchange[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    const at = new Date(first.atMs).toISOString();
    if (at > this.nation.clock.now()) this.nation.clock.set(at);
    await this.#identities.ensure(batch, first.day);
    await this.#submit(batch);
    const held = batch.filter(isHeld);
    await this.#settle(held);
    this.#wanted.QueryDecisionReceived += batch.length;
    this.#wanted.QueryDenied += countOf(batch, 'denied');
    this.#wanted.ReceiptRecorded += countOf(batch, 'provided', 'released');
    this.#wanted.NoProvisionRecorded += countOf(batch, 'no-record', 'not-provided');
    this.#wanted.QueryEnded += countOf(batch, 'no-record', 'not-provided', 'impossible');
    await this.ends.reached(this.#wanted);
    const lapsed = countOf(batch, 'lapsed');
    if (lapsed === 0) return;
    this.#wanted.QueryLapsed += lapsed;
    await this.nation.pass(CORE_SETTINGS.queryValidityMs + LAPSE_GRACE_MS);
    await this.ends.reached({ QueryLapsed: this.#wanted.QueryLapsed });
    this.#wanted.QueryEnded += lapsed;
    await this.nation.pass(LAPSE_GRACE_MS);
    await this.ends.reached(this.#wanted);
  }

  /** Each agency's queries in requests of its own, several at once. */
  async #submit(batch: readonly SimulatedExchange[]): Promise<void> {
    const requests = [...groupedBy(batch, ({ requester }) => requester.holder)].flatMap(([agency, own]) => pagesOf(own).map((page) => ({ agency, page })));
    const waiting = requests[Symbol.iterator]();
    await Promise.all(
      Array.from({ length: REQUESTS_AT_ONCE }, async () => {
        for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
          const { agency, page } = next.value;
          const results = await clientOf(this.nation, agency).submitQueries(page.map(lineOf));
          results.forEach(valueOf);
        }
      }),
    );
  }

  /** Officials let go or end what is held, once it is on their list; what is to lapse they leave. */
  async #settle(held: readonly SimulatedExchange[]): Promise<void> {
    for (const [agency, own] of groupedBy(held, ({ provider }) => provider.holder)) {
      const client = clientOf(this.nation, agency);
      const left = new Set(own.map(({ exchangeId }) => exchangeId));
      for (let look = 0; left.size > 0; look += 1) {
        if (look === HELD_LOOKS_MAX) throw new DomainError('SIMULATION_STUCK', 'internal', 'what is held does not come onto the list');
        const { provisions } = await client.heldProvisions({ limit: HELD_PAGE });
        for (const { exchangeId } of provisions) left.delete(exchangeId);
        if (left.size > 0) await new Promise((resolve) => setTimeout(resolve, HELD_EVERY_MS));
      }
      for (const { exchangeId, outcome, department } of own) {
        if (outcome === 'released') await client.releaseProvision(exchangeId, { department });
        else if (outcome === 'not-provided') await client.endProvision(exchangeId, { department, reason: 'UNDER_CORRECTION' });
      }
    }
  }
}

function lineOf(exchange: SimulatedExchange): SubmitQueryLine {
  const { exchangeId, person, requester, provider, affair, procedure, information, period, department, nonDisclosure } = exchange;
  return {
    exchangeId,
    inAgencyNumber: numberAt(requester.holder.registration.code, person.index),
    provider: provider.holder.registration.code,
    affair,
    information,
    department,
    nonDisclosure,
    ...(requester.institution === undefined ? {} : { institution: requester.institution.registration.code }),
    ...(provider.institution === undefined ? {} : { providerInstitution: provider.institution.registration.code }),
    ...(procedure === undefined ? {} : { procedure }),
    ...(period === undefined ? {} : { period }),
  };
}
