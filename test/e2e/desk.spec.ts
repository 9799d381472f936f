import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Nation, TAX_YEAR, theCast, thePeople } from '#apps/sandbox';
import { decisionsOf, DeskProcess, deskPlace, personOf as person, registerTaxFacts, rowsOf } from './desk.process.js';
import { smallNation } from './small-nation.js';

const START_TIMEOUT_MS = 300_000;
const TEST_TIMEOUT_MS = 300_000;

let nation: Nation;
let closeNation: () => Promise<void>;
const desks: DeskProcess[] = [];
const desk = (...args: Parameters<typeof DeskProcess.start>): DeskProcess => {
  const started = DeskProcess.start(...args);
  desks.push(started);
  return started;
};

beforeAll(async () => {
  const small = await smallNation();
  ({ nation, close: closeNation } = small);
  await registerTaxFacts(nation);
}, START_TIMEOUT_MS);
afterEach(() => Promise.all(desks.splice(0).map((one) => one.stop('SIGKILL'))));
afterAll(() => closeNation());

describe('the child allowance desk, with the sandbox’s servers', () => {
  it(
    'asks for tax facts, follows the feed over HTTP, and decides each case as the facts say',
    async () => {
      const { kenta, misaki, daisuke } = thePeople();
      const { data, args } = await deskPlace(nation, 'http', [
        { caseNumber: 'A-1', children: 2, period: TAX_YEAR, persons: [person(kenta)] },
        { caseNumber: 'A-2', children: 1, period: TAX_YEAR, persons: [person(kenta), person(misaki)] },
        { caseNumber: 'A-3', children: 1, period: TAX_YEAR, persons: [person(daisuke)] }, // Tokorozawa knows nobody by that identifier
      ]);
      const running = desk([...args, '--exit']);
      expect([await running.ended, running.errors]).toEqual([0, '']);
      expect(decisionsOf(data)).toEqual([
        { case_number: 'A-1', decision: 'allowance', monthly_amount: 20_000, reason: null },
        { case_number: 'A-2', decision: 'special-benefit', monthly_amount: 5_000, reason: null },
        { case_number: 'A-3', decision: 'to-a-clerk', monthly_amount: 0, reason: expect.any(String) },
      ]);
      expect(running.output).toContain('case A-1: child allowance, 20,000 yen a month');
      expect(running.output).toContain('every case is decided');
      const { results } = await nation.client(theCast().toyonaka).results();
      expect(results).toEqual([]); // all were acknowledged
      // the file names nobody but by the agency's own number, and the desk again decides nothing anew
      const again = desk([...args, '--exit'], { LANG: 'ja_JP.UTF-8' });
      expect(await again.ended).toBe(0);
      expect(again.output).toContain('新規申請 0 件（事案 3 件、うち決定済み 3 件）');
      expect(decisionsOf(data)).toHaveLength(3);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'killed with -9 again and again, it decides every case once, and sends no query twice',
    async () => {
      const { kenta, misaki } = thePeople();
      const cases = Array.from({ length: 60 }, (_, index) => ({
        caseNumber: `K-${String(index + 1).padStart(2, '0')}`,
        children: 1 + (index % 3),
        period: TAX_YEAR,
        persons: index % 2 === 0 ? [person(kenta)] : [person(kenta), person(misaki)],
      }));
      const { data, args } = await deskPlace(nation, 'killed', cases);
      let kills = 0;
      for (const moment of [/\d+ new applications/, /\d+ queries sent|case K-/, /case K-(?:[\s\S]*?case K-){2}/]) {
        const running = desk([...args, '--exit']);
        await running.until(moment).catch(() => undefined); // it may have ended before that moment
        if ((await running.stop('SIGKILL')) === null) kills += 1;
      }
      expect(kills).toBeGreaterThanOrEqual(2);
      const last = desk([...args, '--exit']);
      expect([await last.ended, last.errors]).toEqual([0, '']);
      const decisions = decisionsOf(data);
      expect(decisions.map(({ case_number: caseNumber }) => caseNumber)).toEqual(cases.map(({ caseNumber }) => caseNumber));
      for (const [index, { decision, monthly_amount: amount }] of decisions.entries()) {
        const children = cases[index]?.children ?? 0;
        expect([decision, amount]).toEqual(index % 2 === 0 ? ['allowance', 10_000 * children] : ['special-benefit', 5_000 * children]);
      }
      // one exchange a person of a case, in the agency's own record
      const { toyonaka } = theCast();
      const ids = new Set(rowsOf<{ exchange_id: string }>(data, 'SELECT exchange_id FROM queries').map(({ exchange_id }) => exchange_id));
      expect(ids.size).toBe(90);
      const states = await nation.client(toyonaka).queryStatuses([...ids].map((exchangeId) => ({ exchangeId })));
      expect(states.map((state) => (state.ok ? state.value.status : state.problem.code))).toEqual([...ids].map(() => 'received'));
      expect((await nation.client(toyonaka).results()).results).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  it('says in a sentence what is wrong with its options and its applications, and ends with status 2', async () => {
    const { data, args } = await deskPlace(nation, 'wrong', [{ caseNumber: 'X', children: 0, period: TAX_YEAR, persons: [] }]);
    const wrong = desk([...args, '--exit']);
    expect([await wrong.ended, wrong.errors]).toEqual([2, 'application 1: children is a number from 1 to 20\n']);
    const missing = desk(['--data', data]);
    expect([await missing.ended, missing.errors]).toEqual([2, '--profile is missing; --help tells more\n']);
  });

  it(
    'stops on SIGTERM, and what it had not done is done at its next start',
    async () => {
      const { data, args } = await deskPlace(nation, 'stopped', [{ caseNumber: 'S-1', children: 1, period: TAX_YEAR, persons: [person(thePeople().kenta)] }]);
      const running = desk(args); // without --exit it stays
      await running.until(/case S-1: /);
      expect(await running.stop('SIGTERM')).toBe(0);
      expect(running.output).toContain('stopping');
      const later = desk([...args, '--exit']);
      expect(await later.ended).toBe(0);
      expect(decisionsOf(data)).toHaveLength(1);
      await expect(readFile(join(data, 'dead-letters.jsonl'), 'utf8')).rejects.toMatchObject({ code: 'ENOENT' });
      await rm(data, { recursive: true });
    },
    TEST_TIMEOUT_MS,
  );
});
