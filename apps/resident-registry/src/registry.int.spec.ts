import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SigningKey } from '#libs/cryptography';
import { DomainError } from '#libs/kernel';
import { nativeHasher } from '#libs/ledger';
import { cosignerKey } from '#libs/ledger-service';
import { Log, ManualClock, TokenSigner } from '#libs/platform';
import { cosign, decodeHashes, parseCheckpoint, parseNote, parseVerifierKey, verifyConsistency } from '#libs/proofs';
import { type CheckpointLine, type CorePort, type Directory, type IssueIdentifierLine, type LineOutcome, succeeded } from '#libs/protocol';
import { type ResidentRegistryOptions, type RunningResidentRegistry, startResidentRegistry } from './start.js';

const CITY = '0220113112101700';
const AGENCY = '0220113113001700';
const NOW = '2020-05-08T00:00:00.000Z';
const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');

/** What the registry asks of the core: the directory, identifiers, cosignatures (of what extends the largest checkpoint that it has). */
class TestCore {
  readonly key = SigningKey.generate();
  readonly asked: IssueIdentifierLine[] = [];
  isDown = false;
  #held = { size: 0, root: nativeHasher.empty() };

  readonly port = {
    directory: (): Promise<Directory> => Promise.resolve({ version: 1, servers: [], agencies: [agency(CITY, 'municipality'), agency(AGENCY, 'ministry')] }),
    issueIdentifiers: (_caller: string, lines: readonly IssueIdentifierLine[]) => {
      this.asked.push(...lines);
      return Promise.resolve(lines.map(() => succeeded({ status: 'issued' })));
    },
    witnessCheckpoints: (_caller: string, lines: readonly CheckpointLine[]) =>
      this.isDown
        ? Promise.reject(new DomainError('SERVICE_UNAVAILABLE', 'unavailable', 'the core is down'))
        : Promise.resolve(lines.map((line) => this.#cosign(line))),
  } as unknown as CorePort;

  #cosign({ server, checkpoint: note, from, hashes }: CheckpointLine): LineOutcome<{ size: number; cosignature?: string }> {
    const text = parseNote(note)?.text ?? '';
    const checkpoint = parseCheckpoint(text);
    const key = parseVerifierKey(sha256, cosignerKey('renkei.example/core', this.key.publicText));
    if (server !== 'registry' || !checkpoint || !key) throw new Error('it is no checkpoint of the registry');
    if (from !== this.#held.size) return succeeded({ size: this.#held.size });
    if (!verifyConsistency(nativeHasher, this.#held, checkpoint, decodeHashes(hashes) ?? [])) throw new Error('the log was not extended');
    this.#held = checkpoint;
    return succeeded({ size: checkpoint.size, cosignature: cosign(text, { key, sign: (message) => this.key.sign(message) }, 1_600_000_000) });
  }
}
const agency = (code: string, kind: string) => ({
  code,
  class: kind,
  intermediateServer: 'is-east',
  interfaceSystem: 'ifs-east',
  keys: {},
  institutions: [code],
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it never came to hold');
}

describe('the resident registry', () => {
  let directory: string;
  let core: TestCore;
  let registry: RunningResidentRegistry;
  const auditor = SigningKey.generate();

  async function start(options: Partial<ResidentRegistryOptions> = {}): Promise<void> {
    registry = await startResidentRegistry({
      id: 'registry',
      dataDirectory: join(directory, 'data'),
      keysDirectory: join(directory, 'keys'),
      core: { id: 'core', url: 'http://127.0.0.1:1', publicKey: core.key.publicText, ledgerKey: '' },
      host: '127.0.0.1',
      port: 0,
      clock: new ManualClock(NOW),
      log: Log.create({ app: 'registry', level: 'silent' }),
      auditors: { board: auditor.publicText },
      witness: { everyMs: 20, unwitnessedMsMax: 30 },
      corePort: core.port,
      ...options,
    });
  }
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'renkei-registry-'));
    core = new TestCore();
    await start();
  });
  afterEach(async () => {
    await registry.close();
    await rm(directory, { recursive: true, force: true });
  });

  const ledger = () => {
    if (!registry.party.ledger) throw new Error('no ledger');
    return registry.party.ledger;
  };
  async function assigned(residentRecordCode = '12345678901'): Promise<string> {
    const [outcome] = await registry.service.assignNumbers(CITY, [{ residentRecordCode }]);
    if (!outcome?.ok) throw new Error('no number');
    return outcome.value.individualNumber;
  }
  const health = async () => {
    const answer = await fetch(`${registry.url}/health/ready`);
    return (await answer.json()) as { readonly status: string; readonly warnings?: readonly string[]; readonly checks: object };
  };

  it('tells a number once its log holds it, and the same one after a restart', async () => {
    const individualNumber = await assigned();
    expect(ledger().origin).toBe('renkei.example/registry/1');
    const { size, root, position } = ledger().checkpoint;
    expect(size).toBe(3); // the log's epoch, the number reserved, the number assigned
    expect(position).toBe(await registry.party.store.lastPosition());
    await registry.close();
    await start();
    expect(await assigned()).toBe(individualNumber);
    expect(Buffer.from(ledger().rootAt(size))).toEqual(Buffer.from(root));
  });

  it('has its log cosigned by the core; is told of it and goes on where the core is down', async () => {
    await assigned();
    await until(() => ledger().cosigned?.size === ledger().checkpoint.size);
    expect(ledger().cosigned?.note).toMatch(/^— renkei\.example\/core /m);
    core.isDown = true;
    await assigned('12345678902');
    await until(async () => (await health()).warnings?.includes('LOG_UNWITNESSED') === true);
    expect((await health()).status).toBe('up');
    expect(await (await fetch(`${registry.url}/metrics`)).text()).toMatch(/^renkei_ledger_unwitnessed_seconds\{[^}]*\} 0*\.?[0-9.]*[1-9]/m);
    core.isDown = false;
    await until(() => ledger().cosigned?.size === ledger().checkpoint.size);
  });

  it('tells nothing, and passes nothing on to the core, while its log cannot be kept', async () => {
    const individualNumber = await assigned();
    const { store } = registry.party;
    const { readAll } = store;
    store.readAll = () => Promise.reject(new DomainError('STORE_UNAVAILABLE', 'unavailable', 'the disk is gone'));
    const unavailable = { code: 'LEDGER_UNAVAILABLE', kind: 'unavailable' };
    await expect(assigned('12345678902')).rejects.toMatchObject(unavailable);
    await expect(registry.service.changeNumbers(CITY, [{ individualNumber, reason: 'AT_REQUEST' }])).rejects.toMatchObject(unavailable);
    const forwarded = [{ acquisitionNumber: 'AQ0000000001', individualNumber }];
    await expect(registry.service.forwardAcquisitions(AGENCY, forwarded)).rejects.toMatchObject(unavailable);
    await expect(registry.service.assignNumbers(AGENCY, [])).rejects.toMatchObject(unavailable); // a refusal, too, once it is known to be down
    expect(core.asked).toEqual([]);
    expect(await health()).toMatchObject({ status: 'down', checks: { ledger: 'down' } });
    store.readAll = readAll.bind(store);
    await until(async () => (await health()).status === 'up');
    const [changed] = await registry.service.changeNumbers(CITY, [{ individualNumber, reason: 'AT_REQUEST' }]); // was recorded: told again
    expect(changed).toMatchObject({ ok: true });
    const inForce = changed?.ok ? changed.value.individualNumber : '';
    expect(await assigned()).toBe(inForce);
    expect(await registry.service.forwardAcquisitions(AGENCY, [{ acquisitionNumber: 'AQ0000000001', individualNumber: inForce }])).toEqual([
      { ok: true, value: true },
    ]);
    expect(core.asked).toEqual([{ acquisitionNumber: 'AQ0000000001', residentRecordCode: '12345678901' }]);
  });

  it('shows its log to whoever takes part, and makes one for a record that had none', async () => {
    await registry.close();
    await start({ withoutLedger: true, dataDirectory: join(directory, 'old') });
    expect(registry.ledgerKey).toBeUndefined();
    const individualNumber = await assigned();
    await registry.close();
    await start({ dataDirectory: join(directory, 'old') });
    expect(await assigned()).toBe(individualNumber);
    const signer = new TokenSigner({ issuer: 'board', keyId: auditor.keyId, privateKey: auditor.privateKey });
    const authorization = await signer.authorization('registry', { method: 'GET', path: '/ledger/vkey', body: new Uint8Array(0) });
    const answer = await fetch(`${registry.url}/ledger/vkey`, { headers: { authorization } });
    expect(await answer.text()).toBe(`${registry.ledgerKey}\n`);
    expect((await fetch(`${registry.url}/ledger/vkey`)).status).toBe(401);
  });
});
