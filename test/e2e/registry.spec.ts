import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inAgencyNumber, type Nation, theCast, thePeople } from '#apps/sandbox';
import { isIndividualNumber } from '#libs/domain';
import type { Outcomes } from '#libs/protocol';
import { smallNation } from './small-nation.js';

type Told<T> = Outcomes<T>['outcomes'][number];

describe('numbering and identifier issuance, over HTTP', () => {
  let nation: Nation;
  let close: () => Promise<void>;
  const at = async <T>(agency: { readonly code: string }, path: string, lines: readonly object[]): Promise<readonly Told<T>[]> =>
    (await nation.terminal(agency).call<Outcomes<T>>({ method: 'POST', path, body: { lines }, idempotent: true })).outcomes;
  const numberOf = async (residentRecordCode: string): Promise<string> => {
    const [assigned] = await at<{ individualNumber: string }>(theCast().tokorozawa, '/numbers', [{ residentRecordCode }]);
    if (!assigned?.ok) throw new Error('no number');
    return assigned.value.individualNumber;
  };

  beforeAll(async () => {
    ({ nation, close } = await smallNation());
  }, 120_000);
  afterAll(() => close());

  it('gives each resident one number with its check digit, the same when asked again', async () => {
    const [first, second, again] = [await numberOf('12345678901'), await numberOf('12345678902'), await numberOf('12345678901')];
    expect([isIndividualNumber(first), isIndividualNumber(second)]).toEqual([true, true]);
    expect(second).not.toBe(first);
    expect(again).toBe(first);
  });

  it('assigns numbers to municipalities only', async () => {
    await expect(at(theCast().pension, '/numbers', [{ residentRecordCode: '12345678901' }])).rejects.toMatchObject({ code: 'NOT_A_MUNICIPALITY' });
  });

  it('refuses a bad line alone, with its field and rule, and does not repeat what was sent', async () => {
    const lines = [{ residentRecordCode: '1234567890' }, { residentRecordCode: '12345678903' }, { residentRecordCode: '12345678904', more: 1 }];
    const outcomes = await at(theCast().tokorozawa, '/numbers', lines);
    expect(outcomes.map(({ ok }) => ok)).toEqual([false, true, false]);
    expect(outcomes[0]).toMatchObject({ problem: { code: 'INVALID_LINE', field: 'residentRecordCode' } });
    expect(JSON.stringify(outcomes[0])).not.toContain('1234567890');
  });

  it('changes a number that may be misused; the old one is out of force, the way to identifiers stays', async () => {
    const { tokorozawa, toyonaka } = theCast();
    const before = await numberOf(thePeople().yuko.residentRecordCode);
    const change = { individualNumber: before, reason: 'AT_REQUEST' };
    const [changed] = await at<{ individualNumber: string }>(tokorozawa, '/number-changes', [change]);
    const [repeated] = await at<{ individualNumber: string }>(tokorozawa, '/number-changes', [change]);
    if (!changed?.ok) throw new Error('not changed');
    expect(changed.value.individualNumber).not.toBe(before);
    expect(repeated).toEqual(changed);
    const client = nation.client(toyonaka);
    const own = { inAgencyNumber: inAgencyNumber(toyonaka, thePeople().yuko) };
    const [acquired] = await client.requestAcquisitions([own]);
    if (!acquired?.ok) throw new Error('no acquisition number');
    const { acquisitionNumber } = acquired.value;
    const [superseded] = await at(toyonaka, '/acquisitions', [{ acquisitionNumber, individualNumber: before }]);
    expect(superseded).toMatchObject({ ok: false, problem: { code: 'INDIVIDUAL_NUMBER_SUPERSEDED' } });
    const [forwarded] = await at(toyonaka, '/acquisitions', [{ acquisitionNumber, individualNumber: changed.value.individualNumber }]);
    expect(forwarded).toEqual({ ok: true, value: true });
    const [collected] = await client.collectIdentifiers([{ acquisitionNumber, ...own }]);
    expect(collected).toMatchObject({ ok: true, value: { status: 'obtained' } });
  });

  it('knows no number that nobody has, and no wrong check digit', async () => {
    const [unknown, wrong] = await at(theCast().toyonaka, '/acquisitions', [
      { acquisitionNumber: 'none', individualNumber: '000000000000' },
      { acquisitionNumber: 'none', individualNumber: '000000000001' },
    ]);
    expect(unknown).toMatchObject({ ok: false, problem: { code: 'INDIVIDUAL_NUMBER_UNKNOWN' } });
    expect(wrong).toMatchObject({ ok: false, problem: { code: 'CHECK_DIGIT_WRONG' } });
  });

  it('leaves neither number nor resident record code in the clear in any file of any party', async () => {
    const { residentRecordCode } = thePeople().misaki;
    const secrets = [residentRecordCode, await numberOf(residentRecordCode)];
    const files = (directory: string): string[] =>
      readdirSync(directory).flatMap((name) => (statSync(join(directory, name)).isDirectory() ? files(join(directory, name)) : [join(directory, name)]));
    const all = [...files(join(nation.directory, 'parties')), join(nation.directory, 'sandbox.log')];
    expect(all.length).toBeGreaterThan(10);
    const found = all.filter((file) => {
      const bytes = readFileSync(file);
      return secrets.some((secret) => bytes.includes(secret));
    });
    expect(found).toEqual([]);
  });
});
