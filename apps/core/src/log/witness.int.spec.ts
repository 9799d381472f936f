import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ledgerKeyOf } from '#libs/commands';
import { SigningKey } from '#libs/cryptography';
import { cosignedAt, cosignerKey } from '#libs/ledger-service';
import { ServiceClient, TokenSigner } from '#libs/platform';
import type { CheckpointLine, CosignatureAnswer, LineOutcome } from '#libs/protocol';
import { TestCore } from '../core.fixture.js';
import { TestLog } from './log.fixture.js';

describe('the core as witness', () => {
  let core: TestCore;
  let server: string;
  let log: TestLog;
  let servers = 0;
  const register = async (id: string): Promise<void> => {
    const { keyId, publicText } = SigningKey.generate();
    const line = { id, kind: 'intermediate-server' as const, url: 'http://127.0.0.1:1', signingKeyId: keyId, signingKey: publicText };
    await core.running.operations.registerServers([line]);
  };
  beforeAll(async () => {
    core = await TestCore.open();
    await core.setUp();
  });
  afterAll(() => core.close());
  // a server of its own for every case, that shows its log itself
  beforeEach(async () => {
    server = `server-${(servers += 1)}`;
    await register(server);
    log = new TestLog(`renkei.example/${server}/1`);
  });

  const show = async (line: CheckpointLine, caller = line.server): Promise<LineOutcome<CosignatureAnswer> | undefined> =>
    (await core.service.witnessCheckpoints(caller, [line]))[0];
  const ledgerKeys = async () => (await core.service.directory('ifs-east')).servers.find(({ id }) => id === server)?.ledgerKeys;
  const isCosigned = (line: CheckpointLine, outcome: LineOutcome<CosignatureAnswer> | undefined): boolean =>
    outcome?.ok === true &&
    cosignedAt(line.checkpoint, outcome.value.cosignature ?? '', [cosignerKey('renkei.example/core', core.running.signingKey.publicKey)]) !== undefined;

  it('takes a log’s first key as it comes, puts it on record and tells it in the directory', async () => {
    expect(await ledgerKeys()).toBeUndefined();
    const { version } = await core.service.directory('ifs-east');
    const line = log.line(server, 0, 5);
    const outcome = await show(line);
    expect(outcome).toMatchObject({ ok: true, value: { size: 5 } });
    expect(isCosigned(line, outcome)).toBe(true);
    expect(await ledgerKeys()).toEqual([log.key]);
    expect((await core.service.directory('ifs-east')).version).toBe(version + 1);
    expect(await core.running.party.store.readStream(`ledger-witness.${server}`)).toMatchObject([{ type: 'WitnessConfigured' }]);
    await core.restart();
    expect(await ledgerKeys()).toEqual([log.key]);
    expect((await core.service.directory('ifs-east')).version).toBe(version + 1);
    expect(isCosigned(log.line(server, 5, 9), await show(log.line(server, 5, 9)))).toBe(true);
  });

  it('cosigns what has grown out of what it has seen, and names the size that it has to whoever begins elsewhere', async () => {
    await show(log.line(server, 0, 5));
    expect(await show(log.line(server, 2, 9))).toEqual({ ok: true, value: { size: 5 } });
    const line = log.line(server, 5, 9);
    expect(isCosigned(line, await show(line))).toBe(true);
    const same = log.line(server, 9, 9);
    expect(isCosigned(same, await show(same))).toBe(true);
    expect(await show(log.line(server, 9, 9, { checkpoint: log.checkpoint(4) }))).toMatchObject({ problem: { code: 'LEDGER_CHECKPOINT_SMALLER' } });
  });

  it('cosigns no fork, and keeps what it saw', async () => {
    await show(log.line(server, 0, 5));
    const fork = new TestLog(log.origin, 'other');
    const forged = fork.line(server, 5, 9, { key: log.key, checkpoint: fork.checkpoint(9, [log.signing]) });
    expect(await show(forged)).toMatchObject({ ok: false, problem: { code: 'LEDGER_INCONSISTENT' } });
    expect(await show(fork.line(server, 5, 5, { key: log.key, checkpoint: fork.checkpoint(5, [log.signing]) }))).toMatchObject({
      problem: { code: 'LEDGER_INCONSISTENT' },
    });
    const metrics = await (await fetch(`${core.running.url}/metrics`)).text();
    expect(metrics).toMatch(/^renkei_witnessed_contradictions\{.*\} 2$/m);
    const honest = log.line(server, 5, 9);
    expect(isCosigned(honest, await show(honest))).toBe(true);
  });

  it('takes checkpoints from the server itself, or from the interface system that speaks for it, and from nobody else', async () => {
    await register('is-east');
    const east = new TestLog('renkei.example/is-east/1');
    for (const caller of ['ifs-west', 'registry', server]) {
      expect(await show(east.line('is-east', 0, 5), caller)).toMatchObject({ problem: { code: 'SERVER_NOT_SPOKEN_FOR', kind: 'forbidden', field: 'server' } });
    }
    expect(await show(log.line('nobody', 0, 5))).toMatchObject({ problem: { code: 'SERVER_NOT_FOUND' } });
    const line = east.line('is-east', 0, 3);
    expect(isCosigned(line, await show(line, 'ifs-east'))).toBe(true);
  });

  it.each([
    ['a log of another name', 'renkei.example/is-west/1', 'LEDGER_WRONG_TREE'],
    ['the core’s own log', 'renkei.example/core/1', 'LEDGER_WRONG_TREE'],
    ['a log of another deployment', 'other.example/SERVER/1', 'LEDGER_WRONG_TREE'],
    ['a log of no epoch', 'renkei.example/SERVER/0', 'LEDGER_WRONG_TREE'],
    ['a log of another server that begins alike', 'renkei.example/SERVER/x/1', 'LEDGER_WRONG_TREE'],
  ])('cosigns nothing that is said to be %s', async (_what, origin, code) => {
    expect(await show(new TestLog(origin.replace('SERVER', server)).line(server, 0, 5))).toMatchObject({ ok: false, problem: { code } });
    expect(await ledgerKeys()).toBeUndefined();
  });

  it.each([
    ['no note', () => ({ checkpoint: 'no note' }), 'LEDGER_NOTE_MALFORMED'],
    ['no key', () => ({ key: 'no key' }), 'LEDGER_KEY_MALFORMED'],
    ['a note of another epoch than its key', () => ({ checkpoint: new TestLog(`renkei.example/${server}/2`).checkpoint(5) }), 'LEDGER_WRONG_TREE'],
    ['a note that another key signed', () => ({ checkpoint: log.checkpoint(5, [SigningKey.generate()]) }), 'LEDGER_KEY_UNKNOWN'],
  ])('refuses %s', async (_what, more, code) => {
    expect(await show(log.line(server, 0, 5, more()))).toMatchObject({ ok: false, problem: { code } });
    expect(await ledgerKeys()).toBeUndefined();
  });

  it('accepts another key where both sign, and from then on the new one alone', async () => {
    await show(log.line(server, 0, 5));
    const next = SigningKey.generate();
    const key = ledgerKeyOf(next, log.origin);
    expect(await show(log.line(server, 5, 6, { key, checkpoint: log.checkpoint(6, [next]) }))).toMatchObject({ problem: { code: 'LEDGER_KEY_UNKNOWN' } });
    expect(await ledgerKeys()).toEqual([log.key]);
    const both = log.line(server, 5, 6, { key, checkpoint: log.checkpoint(6, [log.signing, next]) });
    expect(isCosigned(both, await show(both))).toBe(true);
    expect(await ledgerKeys()).toEqual([log.key, key]);
    const alone = log.line(server, 6, 8, { key, checkpoint: log.checkpoint(8, [next]) });
    expect(isCosigned(alone, await show(alone))).toBe(true);
  });

  it('accepts another epoch by an operator’s word only', async () => {
    await show(log.line(server, 0, 5));
    const second = new TestLog(`renkei.example/${server}/2`);
    const line = second.line(server, 0, 3);
    expect(await show(line)).toMatchObject({ ok: false, problem: { code: 'LEDGER_EPOCH_UNKNOWN' } });
    const { keyId, privateKey } = core.keys.operator;
    const client = new ServiceClient({
      address: core.running.url,
      audience: 'core',
      signer: new TokenSigner({ issuer: 'alice', keyId, privateKey }),
      attemptsMax: 1,
    });
    const accept = (lines: readonly object[]) => client.call({ method: 'POST', path: '/operations/log-keys', body: { lines }, idempotent: true });
    try {
      expect(await accept([{ server: server, key: second.key }])).toEqual({ outcomes: [{ ok: true, value: { changed: true } }] });
      expect(await accept([{ server: server, key: second.key }])).toEqual({ outcomes: [{ ok: true, value: { changed: false } }] });
      expect(
        await accept([
          { server: 'nobody', key: second.key },
          { server: 'registry', key: second.key },
        ]),
      ).toMatchObject({
        outcomes: [{ problem: { code: 'SERVER_NOT_FOUND' } }, { problem: { code: 'LEDGER_WRONG_TREE' } }],
      });
    } finally {
      await client.close();
    }
    expect(await ledgerKeys()).toEqual([second.key]);
    expect(isCosigned(line, await show(line))).toBe(true);
    expect(await show(log.line(server, 5, 6))).toMatchObject({ problem: { code: 'LEDGER_EPOCH_UNKNOWN' } });
  });
});

describe('the core’s own log', () => {
  let core: TestCore;
  beforeEach(async () => {
    core = await TestCore.open();
    await core.setUp();
  });
  afterEach(() => core.close());

  it('is cosigned by the interface systems, which time and figures show', async () => {
    await core.running.witness();
    const { ledger } = core.running.party;
    if (!ledger?.cosigned) throw new Error('nothing was cosigned');
    expect(ledger.cosigned.size).toBe(ledger.checkpoint.size);
    expect([...ledger.witnessed.sizes]).toEqual(
      expect.arrayContaining([
        ['renkei.example/ifs-east', ledger.checkpoint.size],
        ['renkei.example/ifs-west', ledger.checkpoint.size],
      ]),
    );
    expect(ledger.cosigned.note).toContain('— renkei.example/ifs-east ');
    const metrics = (await (await fetch(`${core.running.url}/metrics`)).text()).split('\n');
    const metric = (name: string): string | undefined =>
      metrics
        .find((line) => line.startsWith(`${name}{`))
        ?.split(' ')
        .at(-1);
    expect(metric('renkei_ledger_size')).toBe(String(ledger.checkpoint.size));
    expect(metric('renkei_ledger_unwitnessed_seconds')).toBe('0');
  });

  it('is not ready where a witness holds a larger tree of it', async () => {
    core.east.witness = () => ({ ok: true, value: { size: 1_000_000 } });
    await core.running.witness();
    const response = await fetch(`${core.running.url}/health/ready`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ checks: { ledger: 'down' }, warnings: ['WITNESS_AHEAD'] });
  });

  it('goes on without witnesses', async () => {
    core.east.witness = core.west.witness = () => {
      throw new Error('down');
    };
    await core.running.witness();
    expect(core.running.party.ledger?.cosigned).toBeUndefined();
    expect((await fetch(`${core.running.url}/health/ready`)).status).toBe(200);
  });
});
