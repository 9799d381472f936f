import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DecideQueryLine, DecisionAnswer, Proven } from '#libs/protocol';
import { FORGERIES } from './forgeries.fixture.js';
import { codes, CITY_A, disclosure, query, TestNetwork } from './network.fixture.js';

let network: TestNetwork;
beforeEach(async () => (network = await TestNetwork.open()));
afterEach(() => network.close());

const evidence = (): readonly Record<string, unknown>[] => {
  const directory = join(network.dataOf('ifs-x'), 'evidence');
  return readdirSync(directory).map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as Record<string, unknown>);
};
const changing =
  (change: (answer: DecisionAnswer, at: number) => DecisionAnswer) =>
  <T>({ outcomes, ...rest }: Proven<T>): Proven<T> => ({
    ...rest,
    outcomes: outcomes.map((outcome, at) => (outcome.ok ? { ok: true, value: change(outcome.value as DecisionAnswer, at) as T } : outcome)),
  });
const decideTwo = async (...lines: readonly DecideQueryLine[]): Promise<readonly string[]> =>
  codes((await network.decide(...(lines.length > 0 ? lines : [query(), query()]))).outcomes);

describe("a decision is passed on once it is proved to stand in the core's log", () => {
  it('with its proof; and the core is told from where to prove the next', async () => {
    const first = await network.decide(query(), query());
    expect(codes(first.outcomes)).toEqual(['ok', 'ok']);
    expect(first.proofs?.[0]?.checkpoint).toBe(network.core.log.note());
    await network.decide(query());
    expect(network.core.seen).toEqual([undefined, 3]);
    expect(network.running.get('ifs-x')?.known?.largest(network.core.log.origin)?.size).toBe(4);
  });

  it.each(FORGERIES)('is refused with $what: $code', async ({ forge, code }) => {
    await decideTwo();
    network.core.forge = forge(network.core);
    const { outcomes } = await network.decide(query(), query());
    expect(codes(outcomes)).toEqual([code, code]);
    // asked again later: the query is not at fault
    for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: false, problem: { kind: 'unavailable' } });
    network.core.forge = (answer) => answer;
    expect(await decideTwo()).toEqual(['ok', 'ok']);
  });

  it.each<[string, string, (answer: DecisionAnswer) => DecisionAnswer]>([
    [
      'that was changed after it was recorded',
      'RECORD_NOT_INCLUDED',
      (answer) => ({ ...answer, event: answer.event.replace('QueryPermitted', 'QueryDenied') }),
    ],
    ['that is no text', 'RECORD_NOT_INCLUDED', (answer) => ({ ...answer, event: 7 as unknown as string })],
    ['longer than any event', 'RECORD_NOT_INCLUDED', (answer) => ({ ...answer, event: 'x'.repeat(70_000) })],
    ['opened to another person', 'DECISION_OF_ANOTHER_PERSON', (answer) => ({ ...answer, disclosure: disclosure('y'.repeat(28)) })],
  ])('is refused %s: %s', async (_what, code, change) => {
    network.core.forge = changing((answer, at) => (at === 0 ? change(answer) : answer));
    expect(await decideTwo()).toEqual([code, 'ok']);
    expect(await metrics()).toContain(`renkei_refusals_total{code="${code}",app="Renkei interface system (ifs-x)"} 1`);
  });

  it('is refused about another person, another query or another exchange, though it is recorded', async () => {
    const { core } = network;
    const other = (more: Partial<DecideQueryLine>) => (line: DecideQueryLine) => core.decision({ ...line, ...more });
    const kinds = [other({ requesterIdentifier: 'z'.repeat(28) }), other({ affair: 'JM99000000000001' }), other({ exchangeId: query().exchangeId })];
    const lines = [query(), query(), query()];
    const indexes = lines.map((line, at) => core.record((kinds[at] as (line: DecideQueryLine) => string)(line)));
    const { proof, places } = core.log.prove(indexes);
    core.forge = <T>(answer: Proven<T>) => ({
      ...changing((value, at) => ({ ...value, event: core.entries[indexes[at] ?? 0] ?? '', ...(places[at] ? { place: places[at] } : {}) }))(answer),
      proofs: [proof],
    });
    expect(await decideTwo(...lines)).toEqual(['DECISION_OF_ANOTHER_PERSON', 'DECISION_OF_ANOTHER_QUERY', 'DECISION_OF_ANOTHER_EXCHANGE']);
  });

  it('or not at all: whatever byte of an answer is changed', async () => {
    await decideTwo();
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 127 }), async (seed, flip) => {
        let honest = '';
        network.core.forge = <T>(answer: Proven<T>): Proven<T> => {
          honest = JSON.stringify(answer);
          const bytes = Buffer.from(honest);
          const at = seed % bytes.length;
          bytes[at] = (bytes[at] ?? 0) ^ flip;
          try {
            return JSON.parse(bytes.toString()) as Proven<T>;
          } catch {
            return answer; // no answer at all
          }
        };
        const lines = [query(), query()];
        const { outcomes } = await network.decide(...lines).catch(() => ({ outcomes: [] }));
        for (const [at, outcome] of outcomes.entries()) {
          if (!outcome?.ok) continue;
          expect(outcome.value.event).toBe(network.core.decision(lines[at] as DecideQueryLine));
          expect(outcome.value.disclosure).toEqual(disclosure('x'.repeat(28)));
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('a core that contradicts itself', () => {
  /** Decides on a branch that begins with the first `size` entries. */
  const branch = (size: number): void => {
    const { core } = network;
    core.log = core.log.forkAt(size, core.entries);
  };

  it('by another history is noticed at the next answer, after a restart as well; both checkpoints are kept', async () => {
    await decideTwo();
    await decideTwo();
    const kept = network.core.log.note();
    branch(3);
    for (const entry of ['another', 'history', 'of', 'the core']) network.core.log.add(entry);
    const { outcomes, proofs } = await network.decide(query(), query());
    expect(codes(outcomes)).toEqual(['LEDGER_INCONSISTENT', 'LEDGER_INCONSISTENT']);
    expect(evidence()).toMatchObject([{ finding: 'NOT_AN_EXTENSION', kept, shown: proofs?.[0]?.checkpoint }]);
    await network.restart('ifs-x');
    expect(await decideTwo()).toEqual(['LEDGER_INCONSISTENT', 'LEDGER_INCONSISTENT']);
    expect(network.running.get('ifs-x')?.known?.largest(network.core.log.origin)?.note).toBe(kept);
  });

  it('by going back is noticed at the next answer', async () => {
    await decideTwo();
    await decideTwo();
    const kept = network.core.log.note();
    branch(1);
    expect(codes((await network.decide(query())).outcomes)).toEqual(['LEDGER_INCONSISTENT']);
    expect(evidence()).toMatchObject([{ finding: 'SIZE_DENIED', kept }]);
  });

  it('is not suspected for answers that overtake each other', async () => {
    await decideTwo();
    const gates: (() => void)[] = [];
    const decide = network.core.decideQueries;
    network.core.decideQueries = async (...asked) => {
      const answer = await decide(...asked);
      await new Promise<void>((resolve) => gates.push(resolve));
      return answer;
    };
    const both = [network.decide(query()), network.decide(query()), network.decide(query())];
    while (gates.length < 3) await new Promise((resolve) => setImmediate(resolve));
    for (const open of [gates[1], gates[0], gates[2]]) {
      open?.();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await Promise.all(both)).flatMap(({ outcomes }) => codes(outcomes))).toEqual(['ok', 'ok', 'ok']);
    expect(evidence()).toEqual([]);
  });

  it('is asked again later where it cannot prove anything at the moment', async () => {
    await decideTwo();
    network.core.reachable = false;
    network.core.forge = ({ outcomes, proofs }) => ({ outcomes, proofs: (proofs ?? []).map(({ consistency: _none, ...proof }) => proof) });
    const { outcomes } = await network.decide(query());
    expect(outcomes).toMatchObject([{ ok: false, problem: { code: 'LEDGER_PROOF_MISSING', kind: 'unavailable' } }]);
    network.core.reachable = true;
    expect(await decideTwo()).toEqual(['ok', 'ok']);
  });
});

const metrics = async (): Promise<string> => (await fetch(`${network.running.get('ifs-x')?.url}/metrics`)).text();

describe('an interface system', () => {
  it('tells how long ago the core proved anything', async () => {
    await decideTwo();
    const age = Number(/renkei_core_checkpoint_age_seconds\{[^}]*\} ([0-9.e-]+)/.exec(await metrics())?.[1]);
    expect(age).toBeGreaterThanOrEqual(0);
    expect(age).toBeLessThan(5);
  });

  it('asks for no proof without a ledger', async () => {
    await network.close();
    network = await TestNetwork.open(true);
    network.core.forge = ({ outcomes }) => ({ outcomes });
    expect(await decideTwo()).toEqual(['ok', 'ok']);
    expect(network.core.seen).toEqual([undefined]);
    expect(network.running.get('ifs-x')?.known).toBeUndefined();
  });

  it.each(['', 'nonsense', 'other.example/core/1+257b0a3e+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'])(
    'does not start with %p as the key of the log',
    async (key) => {
      await expect(network.start('ifs-z', undefined, key)).rejects.toMatchObject({ code: 'CORE_LEDGER_KEY' });
    },
  );

  it('refuses a line of an agency that it does not speak for, without asking the core', async () => {
    expect(await decideTwo(query({ requester: CITY_A }))).toEqual(['AGENCY_NOT_SPOKEN_FOR']);
    expect(network.core.seen).toEqual([]);
  });
});
