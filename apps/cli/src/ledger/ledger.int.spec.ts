import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openParty, type Party } from '#libs/commands';
import { SigningKey } from '#libs/cryptography';
import { accessDecider, logEventTypes } from '#libs/domain';
import { LmdbEventStore } from '#libs/event-store';
import { EventRegistry } from '#libs/kernel';
import type { Ledger } from '#libs/ledger';
import { LedgerModule, withAuditors } from '#libs/ledger-service';
import { createHttpApp, type HttpApp, Log, TokenVerifier, WallClock } from '#libs/platform';
import { type RunInProcess, runInProcess } from '../program.fixture.js';
import { readLogDirectory } from './tile-client.fixture.js';

const ID = 'is-east';
const BATCH = 1_000;
type LoggedParty = Party & { readonly ledger: Ledger };

let data: string;
let number = 0;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'renkei-cli-ledger-'));
  mkdirSync(join(data, 'parties'));
});
afterEach(() => rmSync(data, { recursive: true }));

const at = (...path: readonly string[]): string => join(data, ...path);
const partyData = (): string => at('parties', ID);
const keysData = (): string => at('keys', ID);

async function open(): Promise<LoggedParty> {
  const log = { deployment: 'test.example', party: ID };
  const party = await openParty({ dataDirectory: partyData(), keysDirectory: keysData(), events: new EventRegistry([...logEventTypes]), log });
  if (party.ledger === undefined) throw new Error('the party has no ledger');
  return { ...party, ledger: party.ledger };
}
async function grow({ recorder, ledger, store }: LoggedParty, entries: number): Promise<void> {
  for (let left = entries; left > 0; left -= BATCH) {
    const executions = Array.from({ length: Math.min(left, BATCH) }, () => ({
      stream: `ledger-access.${(number += 1)}`,
      command: { type: 'RecordAccess', data: { auditor: 'earlier', from: 0, to: number } } as const,
      context: { at: '2020-05-08T00:00:00.000Z', actor: 'system', correlationId: 'c', causationId: 'd', keyId: 'k' },
      isNew: true,
    }));
    await recorder.execute(accessDecider, executions);
  }
  await ledger.integrated(await store.lastPosition());
}
/** A party with so many entries, closed again; its newest checkpoint. */
async function made(entries: number): Promise<string> {
  const party = await open();
  await grow(party, entries - 1); // the first opens the epoch
  const { note } = party.ledger.checkpoint;
  await party.close();
  return note;
}
async function stored(): Promise<readonly { readonly type: string; readonly at: string; readonly data: Record<string, unknown> }[]> {
  const store = await LmdbEventStore.open(join(partyData(), 'event-store'), { readOnly: true });
  const all: { readonly type: string; readonly at: string; readonly data: Record<string, unknown> }[] = [];
  for (let after = 0n; ;) {
    const { events, next, atEnd } = await store.readAll({ after, limit: 10_000 });
    for (const { bytes } of events) all.push(JSON.parse(Buffer.from(bytes).toString('utf8')) as never);
    if (atEnd) break;
    after = next;
  }
  await store.close();
  return all;
}
const readings = async (): Promise<readonly object[]> =>
  (await stored()).flatMap((event) => (event.type === 'EntriesRead' && event.data['auditor'] !== 'earlier' ? [event.data] : []));

const exported = (...more: readonly string[]): Promise<RunInProcess> => runInProcess(['export-log', ID, at('out'), '--data', data, ...more]);
const ledger = (command: string, ...more: readonly string[]): Promise<RunInProcess> => runInProcess(['ledger', command, ID, '--data', data, '--json', ...more]);
const answer = ({ status, stdout, stderr }: RunInProcess): Record<string, never> => {
  if (status !== 0) throw new Error(`${status}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, never>;
};
const errorOf = ({ status, stderr }: RunInProcess): object => ({ status, ...(JSON.parse(stderr) as { readonly error: object }).error });

describe('renkei export-log', () => {
  it('writes what an independent reader of tlog-tiles verifies: signatures, every tile, every entry', async () => {
    const size = 1_500;
    await made(size);
    const before = await stored();
    expect(answer(await exported('--json'))).toMatchObject({ origin: `test.example/${ID}/1`, size, auditor: 'export', directory: at('out') });
    const read = readLogDirectory(at('out'));
    expect(read).toMatchObject({ origin: `test.example/${ID}/1`, size, levels: 2 });
    expect(read.entries.map((entry) => JSON.parse(entry.toString('utf8')) as object)).toEqual(before);
    // the reading itself stands beyond the checkpoint that was taken first
    expect((await stored()).slice(size).map(({ type, data: facts }) => [type, facts])).toEqual([['EntriesRead', { auditor: 'export', from: 0, to: size }]]);
    expect(existsSync(at('out.partial'))).toBe(false);
  });

  it('writes nothing that could be changed unseen', async () => {
    await made(600);
    answer(await exported('--json'));
    const files = readdirSync(at('out'), { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    expect(files.length).toBe(2 + 3 + 3 + 1);
    for (const file of files) {
      const path = join(file.parentPath, file.name);
      const bytes = readFileSync(path);
      for (const place of [0, Math.floor(bytes.length / 2), bytes.length - 2]) {
        const flipped = Buffer.from(bytes);
        flipped[place] = (flipped[place] as number) ^ 1;
        writeFileSync(path, flipped);
        expect(() => readLogDirectory(at('out'))).toThrow();
      }
      writeFileSync(path, bytes);
    }
    expect(readLogDirectory(at('out')).size).toBe(600);
  });

  it('tells people what it wrote, in their language, and records on the clock of the sandbox', async () => {
    await made(3);
    writeFileSync(at('clock.json'), JSON.stringify({ resumesAt: '2020-05-09T00:00:00.000Z' }));
    const { status, stdout, stderr } = await runInProcess(['export-log', ID, at('out'), '--data', data, '--auditor', 'board', '--lang', 'ja']);
    expect({ status, lines: stdout.includes('起源名') && stdout.includes(`test.example/${ID}/1`) }).toEqual({ status: 0, lines: true });
    expect(stderr).toContain('3 / 3');
    expect((await stored()).at(-1)).toMatchObject({ at: expect.stringMatching(/^2020-05-09T00:00/), data: { auditor: 'board', from: 0, to: 3 } });
  });

  it('starts in a new or empty directory only, and leaves what is there alone', async () => {
    await made(3);
    mkdirSync(at('out'));
    writeFileSync(at('out', 'mine'), 'mine');
    expect(errorOf(await exported('--json'))).toMatchObject({ status: 2, code: 'USAGE', message: expect.stringContaining('is not empty') });
    rmSync(at('out', 'mine'));
    mkdirSync(at('out.partial', 'tile'), { recursive: true });
    expect(errorOf(await exported('--json'))).toMatchObject({ status: 2, message: expect.stringContaining('broken off') });
    expect(await readings()).toEqual([]);
    rmSync(at('out.partial'), { recursive: true });
    answer(await exported('--json'));
    expect(readLogDirectory(at('out')).size).toBe(3);
  });

  it('takes a party’s own directory with its keys, and only a party that there is', async () => {
    await made(3);
    const own = ['export-log', ID, at('out'), '--data', partyData(), '--json'];
    expect(errorOf(await runInProcess(own))).toMatchObject({ status: 2, option: '--keys' });
    answer(await runInProcess([...own, '--keys', keysData()]));
    expect(readLogDirectory(at('out')).size).toBe(3);
    expect(errorOf(await runInProcess(['export-log', 'is-north', at('other'), '--data', data, '--json']))).toMatchObject({
      status: 2,
      candidates: [{ code: ID }],
    });
    expect(errorOf(await exported('--json', '--auditor', 'Nobody Here'))).toMatchObject({ status: 2, option: '--auditor' });
  });
});

describe('renkei export-log beside a running server', () => {
  const auditor = SigningKey.generate();
  let party: LoggedParty;
  let app: HttpApp;
  beforeEach(async () => {
    auditor.save(at('auditor'));
    SigningKey.generate().save(at('stranger'));
    party = await open();
    await grow(party, 299);
    const until = Date.now() + 5_000; // the ledger's file is written a moment behind
    while (!existsSync(join(partyData(), 'ledger', 'ledger.mdb')) && Date.now() < until) await sleep(20);
    await sleep(300);
    app = await createHttpApp(LedgerModule.of(party, new WallClock()), {
      title: ID,
      description: 'a party',
      version: '1',
      host: '127.0.0.1',
      port: 0,
      log: Log.create({ app: 'test', level: 'silent' }),
      tokens: new TokenVerifier({ audience: ID, keyOf: withAuditors(() => undefined, { board: auditor.publicText }) }),
      drain: [() => party.close()],
    });
  });
  afterEach(() => app.close());

  it('has the server record the reading, and reads from disk beside it', async () => {
    answer(await exported('--json', '--server', app.address, '--auditor', 'board', '--key', at('auditor')));
    const read = readLogDirectory(at('out'));
    expect(read.size).toBe(300);
    expect(await readings()).toEqual([{ auditor: 'board', from: 0, to: 300 }]);
    // again, now that the log has grown by the reading
    rmSync(at('out'), { recursive: true });
    answer(await exported('--json', '--server', app.address, '--auditor', 'board', '--key', at('auditor')));
    expect(readLogDirectory(at('out')).size).toBe(301);
  });

  it('is refused without an address, or with a key that the server does not know, and leaves nothing behind', async () => {
    expect(errorOf(await exported('--json'))).toMatchObject({ status: 69, code: 'STORE_IN_USE', message: expect.stringContaining('--server') });
    const stranger = ['--json', '--server', app.address, '--auditor', 'board', '--key', at('stranger')];
    expect(errorOf(await exported(...stranger))).toMatchObject({ status: 77, code: 'TOKEN_UNKNOWN_ISSUER' });
    expect(errorOf(await exported('--json', '--server', app.address, '--auditor', 'board'))).toMatchObject({ status: 78 });
    expect([existsSync(at('out')), existsSync(at('out.partial'))]).toEqual([false, false]);
    expect(await readings()).toEqual([]);
    expect(errorOf(await ledger('rotate-key'))).toMatchObject({ status: 69, code: 'STORE_IN_USE', message: expect.stringContaining('stop the server') });
  });
});

describe('renkei ledger', () => {
  it('shows a log: origin, size, root, keys', async () => {
    const note = await made(5);
    const shown = answer(await ledger('show'));
    expect(shown).toMatchObject({ party: ID, origin: `test.example/${ID}/1`, size: 5, checkpoint: note, cosignatures: [] });
    expect(shown['keys']).toEqual([expect.stringMatching(/^test\.example\/is-east\/1\+[0-9a-f]{8}\+A/)]);
    const { stdout } = await runInProcess(['ledger', 'show', ID, '--data', data]);
    expect(stdout).toContain('nobody yet');
  });

  it('rotates a key: both sign from the next start on, until the old one is retired', async () => {
    await made(3);
    const [old] = answer(await ledger('show'))['keys'] as unknown as string[];
    expect(errorOf(await ledger('retire-key'))).toMatchObject({ status: 1, code: 'LOG_KEY_IS_LAST' });
    const fresh = answer(await ledger('rotate-key'))['key'] as unknown as string;
    expect(answer(await ledger('rotate-key'))['key']).toBe(fresh); // again: the same
    expect(errorOf(await ledger('retire-key'))).toMatchObject({ status: 1, code: 'LOG_KEY_NOT_SHOWN' });
    await (await open()).close();
    answer(await exported('--json'));
    expect(readLogDirectory(at('out')).signedBy).toEqual([old, fresh]);
    expect(answer(await ledger('retire-key'))).toMatchObject({ key: fresh, retired: old });
    await (await open()).close();
    rmSync(at('out'), { recursive: true });
    answer(await exported('--json'));
    expect(readLogDirectory(at('out')).signedBy).toEqual([fresh]);
    expect(readFileSync(at('out', 'checkpoint'), 'utf8').trimEnd().split('\n')).toHaveLength(5); // text, empty line, one signature
    expect(readdirSync(keysData()).filter((file) => file.startsWith('signing-ledger')).length).toBe(2);
    expect(answer(await ledger('rotate-key'))['key']).not.toBe(fresh); // and so on
  });

  it('finishes retiring a key where it stopped halfway', async () => {
    await made(3);
    const fresh = answer(await ledger('rotate-key'))['key'] as unknown as string;
    await (await open()).close();
    // stopped between the two renames: the old key's file is away, the next one's has not moved yet
    renameSync(join(keysData(), 'signing-ledger.pem'), join(keysData(), 'kept.pem'));
    const half = answer(await ledger('retire-key'));
    expect(half).toMatchObject({ key: fresh });
    expect(existsSync(join(keysData(), 'signing-ledger.pem'))).toBe(true);
    await (await open()).close();
    expect(errorOf(await ledger('retire-key'))).toMatchObject({ code: 'LOG_KEY_IS_LAST' });
  });
});

describe('renkei ledger open-epoch', () => {
  /** A party whose store was restored from a backup of 10 entries after it had signed 25; the checkpoint that others hold. */
  async function restored(): Promise<string> {
    await made(10);
    cpSync(join(partyData(), 'event-store'), at('backup'), { recursive: true });
    const note = await made(16); // opens with 10, adds 15
    rmSync(join(partyData(), 'event-store'), { recursive: true });
    cpSync(at('backup'), join(partyData(), 'event-store'), { recursive: true });
    writeFileSync(at('previous'), note);
    return note;
  }

  it('opens the next epoch, which says what was lost; the server starts again', async () => {
    const note = await restored();
    await expect(open()).rejects.toMatchObject({ code: 'LEDGER_AHEAD_OF_STORE' });
    const opened = answer(await ledger('open-epoch', '--previous', at('previous')));
    expect(opened).toMatchObject({ origin: `test.example/${ID}/2`, entriesLost: 15, previous: { origin: `test.example/${ID}/1`, size: 25 } });
    expect((await stored()).at(-1)).toMatchObject({
      type: 'LogEpochOpened',
      data: { origin: `test.example/${ID}/2`, epoch: 2, cause: 'RESTORED', previous: note, entriesLost: 15, key: opened['key'] },
    });
    const party = await open();
    expect(party.ledger.checkpoint).toMatchObject({ origin: `test.example/${ID}/2`, size: 11 });
    await party.close();
    answer(await exported('--json'));
    expect(readLogDirectory(at('out'))).toMatchObject({ origin: `test.example/${ID}/2`, size: 11, signedBy: [opened['key']] });
    expect(errorOf(await ledger('open-epoch', '--previous', at('previous')))).toMatchObject({ status: 2, message: expect.stringContaining('/1') });
  });

  it('finishes what stopped between the record and the old tree', async () => {
    await restored();
    answer(await ledger('open-epoch', '--previous', at('previous')));
    const [aside = ''] = readdirSync(join(partyData(), 'ledger')).filter((file) => file.startsWith('epoch-1') && file.endsWith('.mdb'));
    renameSync(join(partyData(), 'ledger', aside), join(partyData(), 'ledger', 'ledger.mdb'));
    await expect(open()).rejects.toMatchObject({ code: 'LEDGER_OF_ANOTHER_EPOCH' });
    const before = (await stored()).length;
    expect(answer(await ledger('open-epoch', '--previous', at('previous')))).toMatchObject({ origin: `test.example/${ID}/2` });
    expect((await stored()).length).toBe(before);
    await (await open()).close();
  });

  it('is refused without a checkpoint of this log that others could hold, and where nothing is lost', async () => {
    const note = await restored();
    const refused = async (text: string | Buffer): Promise<object> => {
      writeFileSync(at('previous'), text);
      return errorOf(await ledger('open-epoch', '--previous', at('previous')));
    };
    expect(await refused('nothing')).toMatchObject({ status: 2, message: expect.stringContaining('no signed checkpoint') });
    expect(await refused(Buffer.alloc(100_000, 'a'))).toMatchObject({ status: 2, option: '--previous' });
    expect(await refused(note.replaceAll(`${ID}/1`, `${ID}/7`))).toMatchObject({ status: 2, message: expect.stringContaining(`${ID}/7`) });
    expect(await refused(note.replace('\n25\n', '\n26\n'))).toMatchObject({ status: 2, message: expect.stringContaining('not signed') });
    const store = (await stored()).length;
    expect(store).toBe(10);
    rmSync(join(partyData(), 'event-store'), { recursive: true });
    rmSync(join(partyData(), 'ledger'), { recursive: true });
    const whole = await made(4);
    expect(await refused(whole)).toMatchObject({ status: 1, code: 'LEDGER_NOTHING_LOST' });
  });

  it('needs to be told how many are lost where the store went on after the restore', async () => {
    await restored();
    rmSync(join(partyData(), 'ledger'), { recursive: true }); // the ledger's file was restored as well: nothing stopped the start
    await made(31);
    expect(errorOf(await ledger('open-epoch', '--previous', at('previous')))).toMatchObject({ status: 2, option: '--entries-lost' });
    const opened = answer(await ledger('open-epoch', '--previous', at('previous'), '--entries-lost', '15'));
    expect(opened).toMatchObject({ origin: `test.example/${ID}/2`, entriesLost: 15 });
    await (await open()).close();
  });
});
