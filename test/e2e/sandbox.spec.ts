import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CliProcess } from './processes/cli-process.js';
import { leaksOf, scanFeeds } from './feed-scan.js';
import { everyEvent, killWhenItPrints, runCases, runSandbox, type SandboxReport, type Seen } from './sandbox.process.js';

const PARTIES = ['core', 'registry', 'is-east', 'is-west', 'is-fund', 'is-pension', 'is-ministries', 'is-others'];
const CASES = ['1', '2', '3', '4', '5', '6', '7', '8', 'more'];
/** A loaded machine of two cores takes about a minute for a start with all cases. */
const START_TIMEOUT_MS = 600_000;
/** Exchanges that are told of nations of earlier days: they are not in this directory. */
const EARLIER_DAYS = 3;

const directories: string[] = [];
function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'renkei-sandbox-'));
  directories.push(directory);
  return directory;
}
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true, force: true })));

const categoryOf = ({ stream }: Seen): string => stream.slice(0, stream.indexOf('-'));
/** What is set up: everything but the exchanges of the cases, what the cases do to the register, and the ports of each start. */
const SET_UP = new Set(['server', 'matrix', 'opening', 'acquisition', 'identifier', 'resident', 'number', 'subject']);
const setUpOf = (events: readonly Seen[]): readonly string[] =>
  events.flatMap((event) => (SET_UP.has(categoryOf(event)) && event.type !== 'ServerMoved' ? [`${event.party} ${event.stream} ${event.type}`] : [])).sort();
const streamsOf = (events: readonly Seen[], category: string): ReadonlySet<string> =>
  new Set(events.flatMap((event) => (categoryOf(event) === category ? [event.stream] : [])));

function expectAsTheLawSays(report: SandboxReport): void {
  expect(report.cases.flatMap(({ deviations }) => deviations)).toEqual([]);
  expect(report.asTheLawSays).toBe(true);
}

/** An event of a kind that stands at most once in a stream. */
function expectOnce(events: readonly Seen[], types: readonly string[]): void {
  const wanted = new Set(types);
  const counts = new Map<string, number>();
  for (const { party, stream, type } of events)
    if (wanted.has(type)) counts.set(`${party} ${stream} ${type}`, (counts.get(`${party} ${stream} ${type}`) ?? 0) + 1);
  expect(counts.size).toBeGreaterThan(0);
  expect([...counts].filter(([, count]) => count > 1)).toEqual([]);
}

/** Every query of every server is decided and has ended, and the core has an exchange for each. */
function expectNothingLost(events: readonly Seen[]): void {
  const queries = new Map<string, Set<string>>();
  for (const { stream, type } of events) {
    if (!stream.startsWith('query-')) continue;
    queries.set(stream, (queries.get(stream) ?? new Set()).add(type));
  }
  expect(queries.size).toBeGreaterThan(0);
  const open = [...queries].filter(([, types]) => !types.has('QueryDecisionReceived'));
  expect(open).toEqual([]);
  const exchanges = streamsOf(events, 'exchange');
  expect([...queries.keys()].filter((stream) => !exchanges.has(stream.replace('query-', 'exchange-')))).toEqual([]);
  const denied = new Set(events.flatMap(({ stream, type }) => (type === 'QueryDenied' ? [stream.replace('exchange-', 'query-')] : [])));
  const unended = [...queries].filter(
    ([stream, types]) => !denied.has(stream) && !['ProvisionReceived', 'QueryEnded', 'QueryWithdrawn'].some((type) => types.has(type)),
  );
  expect(unended).toEqual([]);
}

const countsOf = (events: readonly Seen[]): { readonly provided: number; readonly received: number } => ({
  provided: events.filter(({ type }) => type === 'ProvisionMade').length,
  received: events.filter(({ type }) => type === 'ProvisionReceived').length,
});

describe('the sandbox, killed three times and started again', () => {
  const directory = newDirectory();
  let first: Awaited<ReturnType<typeof runCases>>;
  let afterFirst: readonly Seen[];

  beforeAll(async () => {
    await killWhenItPrints(directory, /agencies registered +[1-4],\d{3} /);
    await killWhenItPrints(directory, /identifiers obtained +[1-9]\d{2} /);
    await killWhenItPrints(directory, /pension claims \(item 35\): answered +[1-9]\d* /);
    first = await runCases(directory);
    afterFirst = await everyEvent(directory, PARTIES);
  }, START_TIMEOUT_MS);

  it('goes on with the set-up where it was killed, plays every case and ends with status 0', () => {
    expectAsTheLawSays(first.report);
    expect(first.status).toBe(0);
    expect(first.report.cases.map((one) => one.case)).toEqual(expect.arrayContaining(CASES));
    for (const { exchanges } of first.report.cases) for (const { outcome, expected } of exchanges) expect(outcome).toBe(expected);
    for (const { lines, recordsAgree } of first.report.cases.flatMap(({ bulks }) => bulks)) expect(recordsAgree).toBe(lines);
    expect(first.report.cases.flatMap(({ bulks }) => bulks).reduce((sum, { lines }) => sum + lines, 0)).toBeGreaterThanOrEqual(2_000);
  });

  it(
    'tells each agency its own feed, with no identifier, no value and no key in any byte of it',
    async () => {
      const told = new Map<string, number>();
      let opened = 0;
      for (const party of PARTIES.filter((name) => name.startsWith('is-'))) {
        const scanned = await scanFeeds(directory, party);
        expect(leaksOf(scanned)).toEqual([]);
        const { identifiers, values, keys } = scanned.secrets;
        opened += Math.min(identifiers.size, values.size, keys.size);
        for (const events of scanned.feeds.values()) {
          for (const { type } of events) told.set(type, (told.get(type) ?? 0) + 1);
          expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
        }
        // the scan sees what it looks for
        const [[agency, events] = ['', []]] = scanned.feeds;
        const [identifier = ''] = identifiers;
        const leaking = new Map([[agency, events.map((event) => ({ ...event, data: { ...event.data, department: identifier } }) as (typeof events)[number])]]);
        if (identifiers.size > 0 && events.length > 0) expect(leaksOf({ ...scanned, feeds: leaking })).not.toEqual([]);
      }
      expect(opened).toBeGreaterThan(100);
      const { provided, received } = countsOf(afterFirst);
      expect([told.get('renkei.provision.made.v1'), told.get('renkei.result.received.v1')]).toEqual([provided, received]);
      expect(told.size).toBeGreaterThan(10);
    },
    START_TIMEOUT_MS,
  );

  it('refuses with an article, each for its own reason', () => {
    const denials = first.report.cases.flatMap(({ exchanges }) => exchanges).filter(({ outcome }) => outcome.startsWith('denied'));
    for (const { article } of denials) expect(article).toMatch(/^番号法/);
    const reasons = new Set(denials.map(({ outcome }) => outcome.replace('denied ', '')));
    for (const reason of [
      'AFFAIR_NOT_IN_TABLE',
      'INFORMATION_NOT_IN_ITEM',
      'PROVIDER_NOT_IN_ITEM',
      'NO_SUCH_INSTITUTION',
      'NOT_YET_OPEN',
      'ASSESSMENT_UNPUBLISHED_REQUESTER',
      'IDENTIFIER_NOT_VALID',
      'NO_TABLE_IN_FORCE',
      'NOT_A_PARTICIPANT',
      'AGENCY_SUSPENDED_REQUESTER',
      'AGENCY_SUSPENDED_PROVIDER',
      'ASSESSMENT_UNPUBLISHED_PROVIDER',
      'REQUESTER_NOT_IN_ITEM',
    ]) {
      expect(reasons).toContain(reason);
    }
  });

  it('has set nothing up twice and lost no exchange', () => {
    expect(afterFirst.filter(({ type }) => type === 'AgencyRegistered')).toHaveLength(5_379);
    expect(afterFirst.filter(({ type }) => type === 'IdentifierAlreadyHeld')).toEqual([]);
    expectOnce(afterFirst, [
      'AgencyRegistered',
      'AgencyHosted',
      'AgencyKeyRotated',
      'AssessmentPublished',
      'PermissionMatrixEnacted',
      'IdentifierIssued',
      'IdentifierObtained',
      'IndividualNumberAssigned',
      'QuerySubmitted',
      'QueryPermitted',
      'ProvisionMade',
      'ProvisionReceived',
      'ReceiptRecorded',
    ]);
    expectNothingLost(afterFirst);
  });

  it(
    'resumes: nothing is set up twice, nothing is lost, the cases come out the same as new exchanges',
    async () => {
      const second = await runCases(directory);
      expectAsTheLawSays(second.report);
      expect(second.status).toBe(0);
      const events = await everyEvent(directory, PARTIES);
      expect(setUpOf(events)).toEqual(setUpOf(afterFirst));
      expect(events.filter(({ type }) => type === 'AgencyRegistered')).toHaveLength(5_379);
      expect(events.filter(({ type }) => type === 'ReplicaRegistered')).toHaveLength(afterFirst.filter(({ type }) => type === 'ReplicaRegistered').length);
      const added = streamsOf(events, 'exchange').size - streamsOf(afterFirst, 'exchange').size;
      const told = second.report.cases.reduce((sum, { exchanges, bulks }) => bulks.reduce((lines, bulk) => lines + bulk.lines, sum + exchanges.length), 0);
      expect(added).toBeGreaterThanOrEqual(told - EARLIER_DAYS);
      expectNothingLost(events);
    },
    START_TIMEOUT_MS,
  );

  it(
    'leaves logs that hold, to the last byte, and three records of every exchange that match',
    async () => {
      const verified = await CliProcess.run(['verify', '--data', directory, '--json'], {});
      expect(verified).toMatchObject({ status: 0 });
      // every decision of both runs, decided again on its basis; a forged identifier was refused for what only its sealed text tells
      const replayed = await CliProcess.run(['replay', '--data', directory, '--json'], {});
      const counts = JSON.parse(replayed.stdout) as Readonly<Record<'decisions' | 'agrees' | 'sealed' | 'denied', number>>;
      expect({ status: replayed.status, ...counts }).toMatchObject({ status: 0, ok: true, findings: [], differs: 0, erased: 0, stale: 0 });
      expect(counts.decisions).toBeGreaterThan(10_000);
      expect(counts.denied).toBeGreaterThan(20);
      expect(counts.agrees + counts.sealed).toBe(counts.decisions);
      expect(counts.sealed).toBeLessThanOrEqual(4);
      const reconciled = await CliProcess.run(['reconcile', '--data', directory, '--json'], {});
      expect(reconciled).toMatchObject({ status: 0 });
      const { exchanges, foundCount } = JSON.parse(reconciled.stdout) as { readonly exchanges: number; readonly foundCount: number };
      expect(exchanges).toBeGreaterThan(2_000);
      expect(foundCount).toBe(0);
    },
    START_TIMEOUT_MS,
  );
});

describe('the sandbox, asked for what it cannot do', () => {
  it('says which option is wrong', async () => {
    const { status, errors } = await runSandbox(newDirectory(), '--lang', 'fr');
    expect(status).toBe(2);
    expect(errors).toContain('--lang takes ja or en');
  });

  it('refuses a data directory that is a file, in one sentence and with status 1', async () => {
    const file = join(newDirectory(), 'file');
    writeFileSync(file, '');
    const { status, errors } = await runSandbox(join(file, 'data'), '--exit');
    expect(status).toBe(1);
    expect(errors.trim().split('\n')).toHaveLength(1);
    expect(errors).toContain('data directory');
  });
});
