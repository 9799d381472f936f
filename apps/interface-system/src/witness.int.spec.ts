import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SigningKey } from '#libs/cryptography';
import { verifyEd25519 } from '#libs/ledger';
import { TokenSigner } from '#libs/platform';
import { COSIGNATURE_V1, formatNote, parseNote, parseSignature, verifierKeyOf, verifyCosignature } from '#libs/proofs';
import { type CheckpointLine, type CosignatureAnswer, HttpInterfaceSystemPort, type LineOutcome, Peers } from '#libs/protocol';
import { CITY_X, codes, type FakeCore, MemoryLog, query, TestNetwork } from './network.fixture.js';

let network: TestNetwork;
let core: FakeCore;
beforeEach(async () => {
  network = await TestNetwork.open();
  ({ core } = network);
  for (let index = 0; index < 9; index += 1) core.record(`entry ${index}`);
});
afterEach(() => network.close());

const line = (from: number, size = core.log.size, log = core.log): CheckpointLine => ({
  ...{ server: 'core', key: log.key, checkpoint: log.note(size), from, hashes: from <= size ? log.consistency(from, size) : [] },
});
const ask = async (...lines: readonly CheckpointLine[]): Promise<readonly LineOutcome<CosignatureAnswer>[]> =>
  network.service('ifs-x').witnessCheckpoints('core', lines);
const sizeOf = ([outcome]: readonly LineOutcome<CosignatureAnswer>[]) =>
  outcome?.ok ? { ...outcome.value, cosignature: outcome.value.cosignature !== undefined } : outcome;

/** When the interface system cosigned the checkpoint, by the key that the core registered for it. */
function cosignedAt(note: string, cosignature: string | undefined): number | undefined {
  const signing = network.running.get('ifs-x')?.keys.signing;
  const publicKey = Buffer.from(signing?.publicKey ?? '', 'base64url');
  const key = verifierKeyOf((bytes) => hash('sha256', bytes, 'buffer'), 'renkei.example/ifs-x', COSIGNATURE_V1, publicKey);
  const [text, signature] = [parseNote(note)?.text, parseSignature(cosignature ?? '')];
  return text === undefined || signature === undefined ? undefined : verifyCosignature(verifyEd25519, text, key, signature);
}

describe("an interface system as witness of the core's log", () => {
  it('cosigns what extends the largest checkpoint that it has verified', async () => {
    const [first] = await ask(line(0, 4));
    if (!first?.ok) throw new Error('not cosigned');
    expect(cosignedAt(core.log.note(4), first.value.cosignature)).toBeGreaterThan(Date.now() / 1_000 - 60);
    const [second] = await ask(line(4, 9));
    if (!second?.ok) throw new Error('not cosigned');
    expect(second.value.size).toBe(9);
    expect(cosignedAt(core.log.note(9), second.value.cosignature)).toBeDefined();
    expect(cosignedAt(core.log.note(8), second.value.cosignature)).toBeUndefined();
    expect(network.running.get('ifs-x')?.known?.largest(core.log.origin)?.size).toBe(9);
  });

  it('names the size that it has where it is asked from another one, or for a smaller one', async () => {
    await ask(line(0, 4));
    expect(sizeOf(await ask(line(2, 9)))).toEqual({ size: 4, cosignature: false });
    expect(sizeOf(await ask(line(0, 3)))).toEqual({ size: 4, cosignature: false });
    // what it has verified already it cosigns at once, from wherever it is asked
    expect(sizeOf(await ask(line(0, 4)))).toEqual({ size: 4, cosignature: true });
    await network.decide(query());
    expect(sizeOf(await ask(line(4)))).toEqual({ size: 11, cosignature: true });
  });

  it('refuses a core that contradicts itself, is not the core that it knows, or speaks of another log', async () => {
    await ask(line(0, 9));
    const fork = core.log.forkAt(3, core.entries);
    for (let index = 0; index < 9; index += 1) fork.add('other');
    const other = new MemoryLog(core.log.origin);
    for (let index = 0; index < 12; index += 1) other.add('other');
    expect(codes(await ask(line(9, 9, fork), line(9, 12, fork), line(9, 12, other), { ...line(9), checkpoint: 'x' }))).toEqual([
      'LEDGER_INCONSISTENT',
      'LEDGER_INCONSISTENT',
      'LEDGER_KEY_UNKNOWN',
      'LEDGER_NOTE_MALFORMED',
    ]);
    expect(codes(await ask({ ...line(9), server: 'is-x' }))).toEqual(['LOG_OF_ANOTHER_SERVER']);
    expect(network.running.get('ifs-x')?.known?.contradictions).toBe(2);
  });

  it('learns the next key of the core, once both keys sign', async () => {
    await ask(line(0, 4));
    const next = SigningKey.generate();
    const alone = core.log.note(9, next);
    const renewed = new MemoryLog(core.log.origin, next);
    const [old, young] = [parseNote(core.log.note(8)), parseNote(core.log.note(8, next))];
    if (!old || !young) throw new Error('no notes');
    expect(codes(await ask({ ...line(4, 9), key: renewed.key, checkpoint: alone }))).toEqual(['LEDGER_KEY_UNKNOWN']);
    const both = formatNote({ text: old.text, signatures: [...old.signatures, ...young.signatures] });
    expect(codes(await ask({ ...line(4, 8), key: renewed.key, checkpoint: both }))).toEqual(['ok']);
    expect(sizeOf(await ask({ ...line(8, 9), key: renewed.key, checkpoint: alone }))).toEqual({ size: 9, cosignature: true });
  });

  it('passes the checkpoints of a server behind on to the core, and no other', async () => {
    const asked = { ...line(0), server: 'is-x' };
    expect(codes(await network.service('ifs-x').witnessCheckpoints('is-x', [asked, { ...asked, server: 'is-y' }]))).toEqual(['ok', 'LOG_OF_ANOTHER_SERVER']);
    expect(core.witnessed).toEqual([asked]);
  });

  it('cosigns nothing without a ledger', async () => {
    await network.close();
    network = await TestNetwork.open(true);
    expect(codes(await ask(line(0)))).toEqual(['LEDGER_UNAVAILABLE']);
  });
});

describe('the core over HTTP', () => {
  it('shows demands with their proof, has its log cosigned, and asks for records', async () => {
    const signer = new TokenSigner({ issuer: 'core', keyId: core.signing.keyId, privateKey: core.signing.privateKey });
    const peers = new Peers(signer, (id) => network.running.get(id)?.url ?? '');
    try {
      const [atX, atA] = ['ifs-x', 'ifs-a'].map((id) => new HttpInterfaceSystemPort(peers.post(id)));
      const { index, ...demand } = core.demand(query());
      const { proof, places } = core.log.prove([index]);
      expect(codes((await atA?.deliverDemands('core', [{ ...demand, place: places[0] }], proof)) ?? [])).toEqual(['ok']);
      expect(codes((await atA?.deliverDemands('core', [{ ...demand, place: places[0] }])) ?? [])).toEqual(['LEDGER_PROOF_MISSING']);
      const known = network.running.get('ifs-x')?.known?.largest(core.log.origin)?.size ?? 0;
      expect(codes((await atX?.witnessCheckpoints('core', [line(known)])) ?? [])).toEqual(['ok']);
      const { outcomes, proofs } = (await atX?.tellRecords('core', [{ exchangeId: query().exchangeId, agency: CITY_X }])) ?? { outcomes: [] };
      expect(codes(outcomes)).toEqual(['ok']);
      expect(proofs?.[0]?.checkpoint).toBe(network.server('is-x').log.note());
    } finally {
      await peers.close();
    }
  });
});
