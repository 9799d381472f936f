import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordKeys } from '#libs/cryptography';
import type { AuditBundle, BundleReport } from '#libs/proofs';
import { widthOf } from '#libs/terminal';
import { runInProcess } from '../program.fixture.js';
import { ANSWERS, ASKS, NUMBER, ThreeParties } from './three-parties.fixture.js';

const EARLIER = '2020-04-30T14:59:59.999Z'; // the last moment of April in Japan
let data: string;
let keys: readonly string[];
let ids: { readonly first: string; readonly april: string; readonly another: string; readonly conflicting: string };
let files = 0;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'renkei-cli-bundle-'));
  const parties = await ThreeParties.open(data);
  await parties.law();
  await parties.exchange(1);
  await parties.witness();
  ids = {
    first: '0171f195-dea0-7b8b-962c-000000000001',
    april: await parties.exchange(2, { requestedAt: EARLIER }),
    another: await parties.exchange(3, { number: '77' }),
    conflicting: await parties.exchange(4, { number: '88', digest: 'another' }),
  };
  ({ keys } = parties);
  await parties.close();
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

const newFile = (): string => join(data, `bundle-${(files += 1)}.json`);
interface Made {
  readonly status: number;
  readonly told: Record<string, unknown>;
  readonly file: string;
}
async function made(...args: readonly string[]): Promise<Made> {
  const file = newFile();
  const { status, stdout, stderr } = await runInProcess(['bundle', ...args, '--data', data, '--out', file, '--json']);
  return { status, told: JSON.parse(stdout || stderr) as Record<string, unknown>, file };
}
async function verified(file: string, ...args: readonly string[]): Promise<BundleReport & { readonly status: number }> {
  const { status, stdout } = await runInProcess(['verify-bundle', file, '--json', ...args]);
  return { ...(JSON.parse(stdout) as BundleReport), status };
}
const bundleIn = (file: string): AuditBundle => JSON.parse(readFileSync(file, 'utf8')) as AuditBundle;
const exchangesIn = (file: string): readonly string[] =>
  bundleIn(file).entries.flatMap(({ bytes }) => (bytes.includes('"type":"QuerySubmitted"') ? [/"stream":"query-([^"]+)"/.exec(bytes)?.[1] ?? ''] : []));
const codes = (findings: readonly { readonly code: string }[]): readonly string[] => [...new Set(findings.map(({ code }) => code))];

describe('renkei bundle --exchange', () => {
  it('writes what proves one exchange, its decision and the law behind it, closed to others', async () => {
    const { status, told, file } = await made('--exchange', ids.first);
    // three of the core's, three of the requester's, two of the provider's; two agencies of three each, an item, its closing, an opening
    expect({ status, told }).toMatchObject({ status: 0, told: { exchanges: 1, entries: 17, about: { kind: 'exchange', exchange: ids.first } } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const report = await verified(file);
    expect(report).toMatchObject({ status: 0, outcome: 'verified', failures: 0, keysPinned: false, exchanges: 1 });
    expect(codes(report.proved)).toEqual(
      expect.arrayContaining(['DECISION_LAWFUL', 'REFERENCES_MATCH', 'FACTS_AGREE', 'CHECKPOINT_WITNESSED', 'ENTRIES_WITNESSED']),
    );
    expect(report.logs.find(({ party }) => party === 'core')?.witnesses).toMatchObject([{ timeSeconds: 1_588_896_000 }]);
  });

  it('is verified under keys from elsewhere, and not under others', async () => {
    const { file } = await made('--exchange', ids.first);
    const pinned = keys.flatMap((key) => ['--key', key]);
    expect(await verified(file, ...pinned)).toMatchObject({ status: 0, keysPinned: true });
    const list = newFile();
    writeFileSync(list, `${keys.join('\n')}\n`);
    expect(await verified(file, '--key', `@${list}`)).toMatchObject({ status: 0, keysPinned: true });
    const report = await verified(file, ...pinned.slice(2));
    expect({ status: report.status, codes: codes(report.failed) }).toEqual({ status: 1, codes: ['KEY_NOT_EXPECTED'] });
  });

  it('shows that records contradict each other, and ends with 1', async () => {
    const report = await verified((await made('--exchange', ids.conflicting)).file);
    expect(report).toMatchObject({ status: 1, outcome: 'failed', failed: [{ code: 'FACT_CONFLICTS', exchange: ids.conflicting, what: 'requester: digest' }] });
  });

  it('writes nothing about an exchange that nobody knows', async () => {
    const { status, told, file } = await made('--exchange', '0171f195-dea0-7b8b-962c-999999999999');
    expect({ status, told }).toMatchObject({ status: 1, told: { entries: 0 } });
    expect(() => statSync(file)).toThrow('ENOENT');
  });

  it('holds no personal value, unless it is to be disclosed', async () => {
    const { file } = await made('--exchange', ids.first);
    expect(readFileSync(file, 'utf8')).not.toMatch(new RegExp(`"disclosures"|person at|${NUMBER}`));
    const open = await made('--exchange', ids.first, '--disclose');
    expect(open.told).toMatchObject({ disclosed: 5 });
    expect(bundleIn(open.file).disclosures).toEqual(expect.arrayContaining([expect.objectContaining({ field: 'subject', value: NUMBER })]));
    const { proved, status } = await verified(open.file);
    expect({ status, proved }).toMatchObject({
      status: 0,
      proved: expect.arrayContaining([
        { code: 'PERSON_AGREES', count: 2 },
        { code: 'DISCLOSURES_MATCH', count: 5 },
      ]),
    });
  });
});

describe('renkei bundle of many exchanges', () => {
  it('finds those of a person by the name that its server has for it', async () => {
    const { told, file } = await made('--person', `${ASKS}:${NUMBER}`);
    expect(told).toMatchObject({ exchanges: 2, about: { kind: 'person', agency: ASKS } });
    expect(exchangesIn(file)).toEqual([ids.first, ids.april]);
    expect(readFileSync(file, 'utf8')).not.toContain(NUMBER);
    expect(await verified(file)).toMatchObject({ status: 0, exchanges: 2 });
  });

  it.each([
    ['asked', ASKS],
    ['answered', ANSWERS],
  ])('finds those of a period that an agency %s', async (_side, agency) => {
    const { told, file } = await made('--agency', agency, '--period', '2020-05-01..2020-06-01');
    expect(told).toMatchObject({ exchanges: 3, about: { kind: 'agency', agency, from: '2020-04-30T15:00:00.000Z', to: '2020-05-31T15:00:00.000Z' } });
    expect(exchangesIn(file)).toEqual([ids.first, ids.another, ids.conflicting]);
    expect(codes((await verified(file)).failed)).toEqual(['FACT_CONFLICTS']);
  });

  it('takes the record of one party alone, and says what is not in it', async () => {
    const file = newFile();
    const own = ['--data', join(data, 'parties', 'is-east'), '--keys', join(data, 'keys', 'is-east')];
    expect((await runInProcess(['bundle', '--person', `${ASKS}:${NUMBER}`, ...own, '--out', file])).status).toBe(0);
    const report = await verified(file);
    expect(report).toMatchObject({ status: 0, logs: [{ party: 'is-east', entries: 6 }] });
    expect(codes(report.notProved)).toContain('RECORD_NOT_IN_BUNDLE');
  });
});

describe('bad input of renkei bundle', () => {
  it.each<[string, readonly string[], string]>([
    ['nothing asked for', [], '--exchange'],
    ['two things asked for', ['--exchange', '0171f195-dea0-7b8b-962c-000000000001', '--agency', ASKS], '--exchange'],
    ['an exchange that is no UUID', ['--exchange', 'x'], '--exchange'],
    ['a person without an agency', ['--person', NUMBER], '--person'],
    ['an agency without a period', ['--agency', ASKS], '--period'],
    ['a period without an agency', ['--exchange', '0171f195-dea0-7b8b-962c-000000000001', '--period', '2020-05-01..2020-06-01'], '--period'],
    ['a period that ends before it begins', ['--agency', ASKS, '--period', '2020-06-01..2020-05-01'], '--period'],
    ['a period of one day', ['--agency', ASKS, '--period', '2020-06-01'], '--period'],
  ])('ends with 2 for %s', async (_what, args, option) => {
    const { status, told } = await made(...args);
    expect({ status, told }).toMatchObject({ status: 2, told: { error: { code: 'USAGE', option } } });
  });

  it('ends with 2 where the file is there already, and leaves it as it is', async () => {
    const file = newFile();
    writeFileSync(file, 'mine');
    const { status } = await runInProcess(['bundle', '--exchange', ids.first, '--data', data, '--out', file]);
    expect({ status, content: readFileSync(file, 'utf8') }).toEqual({ status: 2, content: 'mine' });
  });

  it('makes no secrets where a person is sought without a keys directory', async () => {
    const { status, stderr } = await runInProcess([
      ...['bundle', '--person', `${ASKS}:${NUMBER}`, '--data', join(data, 'parties', 'is-east'), '--out', newFile()],
      ...['--keys', join(data, 'parties')],
    ]);
    expect({ status, told: stderr.includes('--keys') }).toEqual({ status: 2, told: true });
    expect(() => statSync(join(data, 'parties', 'party-secrets.json'))).toThrow('ENOENT');
  });
});

describe('renkei verify-bundle', () => {
  it.each(['ja', 'en'])('says what was proved and what was not: %s', async (language) => {
    const { file } = await made('--exchange', ids.first);
    const { status, stdout } = await runInProcess(['verify-bundle', file, '--lang', language], { COLUMNS: '90' });
    expect(status).toBe(0);
    expect(stdout).toContain(language === 'ja' ? '証明されていないこと' : 'Not proved');
    expect(stdout).toContain(language === 'ja' ? '鍵は確認されていません' : 'Keys not pinned');
    expect(stdout).not.toMatch(/undefined|\[object/);
    expect(Math.max(...stdout.split('\n').map(widthOf))).toBeLessThanOrEqual(90);
  });

  it.each<[string, (text: string) => string, string]>([
    ['truncated', (text) => text.slice(0, 500), 'BUNDLE_NOT_JSON'],
    ['of a later version', (text) => text.replace('"version":1', '"version":2'), 'BUNDLE_VERSION_UNKNOWN'],
    ['with a field twice', (text) => text.replace('"version":1', '"version":1,"version":1'), 'BUNDLE_DUPLICATE_KEY'],
    ['something else', () => '{"hello":1}', 'BUNDLE_NOT_A_BUNDLE'],
  ])('refuses with 2 what is %s', async (_what, change, code) => {
    const file = newFile();
    writeFileSync(file, change(readFileSync((await made('--exchange', ids.first)).file, 'utf8')));
    expect(await verified(file)).toMatchObject({ status: 2, outcome: 'refused', refusal: { code } });
    expect((await runInProcess(['verify-bundle', file])).stdout).toContain(code);
  });

  it('fails with 1 where an entry was changed', async () => {
    const { file } = await made('--exchange', ids.first);
    writeFileSync(file, readFileSync(file, 'utf8').replace('child-welfare', 'child-wellfare'));
    const report = await verified(file);
    expect({ status: report.status, codes: codes(report.failed) }).toMatchObject({ status: 1, codes: expect.arrayContaining(['ENTRY_NOT_INCLUDED']) });
  });

  it('ends with 2 for a file that is not there, and for a key that is none', async () => {
    expect((await runInProcess(['verify-bundle', join(data, 'nothing.json')])).status).toBe(2);
    const { file } = await made('--exchange', ids.first);
    const { status, stderr } = await runInProcess(['verify-bundle', file, '--key', 'x']);
    expect({ status, told: stderr.includes('--key') }).toEqual({ status: 2, told: true });
  });
});

describe('after an erasure', () => {
  it('what was erased stays closed, and all else is proved as before', async () => {
    const recordKeys = await RecordKeys.open(join(data, 'keys', 'is-east'));
    await recordKeys.destroy(`record/${ASKS}/2020-05`);
    await recordKeys.close();
    const { told, file } = await made('--exchange', ids.first, '--disclose');
    expect(told).toMatchObject({ disclosed: 3 }); // the requester's two are gone
    expect(readFileSync(file, 'utf8')).not.toContain(NUMBER);
    expect(await verified(file)).toMatchObject({ status: 0, outcome: 'verified' });
  });
});
