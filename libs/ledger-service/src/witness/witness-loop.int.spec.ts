import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SigningKey } from '#libs/cryptography';
import { DomainError } from '#libs/kernel';
import { nativeHasher, sha256, verifyEd25519 } from '#libs/ledger';
import { Metrics } from '#libs/platform';
import { cosign, fromBase64, parseCheckpoint, parseNote, parseVerifierKey, signersOf, verifyConsistency } from '#libs/proofs';
import type { CosignatureAnswer } from '#libs/protocol';
import { TestParty } from '../logged-party.fixture.js';
import { measureLedger } from './ledger-metrics.js';
import { cosignedAt, cosignerKey } from './verified-cosignature.js';
import { WitnessLoop, type WitnessLoopOptions } from './witness-loop.js';
import type { CosignatureRequest, WitnessPort } from './witness-port.js';

/** A witness as C2SP tlog-witness has it: it remembers the largest checkpoint, and cosigns what provably extends it. */
class FakeWitness implements WitnessPort {
  readonly key = SigningKey.generate();
  readonly name: string;
  readonly asked: CosignatureRequest[] = [];
  head = { size: 0, root: nativeHasher.empty() };
  /** What it does instead of answering properly. */
  fault: ((request: CosignatureRequest) => Promise<CosignatureAnswer>) | undefined;

  constructor(
    id: string,
    private readonly logKey: string,
  ) {
    this.name = `test.example/${id}`;
  }
  get keys(): readonly string[] {
    return [cosignerKey(this.name, this.key.publicText)];
  }

  cosign(request: CosignatureRequest): Promise<CosignatureAnswer> {
    this.asked.push(request);
    return this.fault ? this.fault(request) : Promise.resolve(this.answer(request));
  }

  answer({ checkpoint, from, hashes }: CosignatureRequest): CosignatureAnswer {
    if (from !== this.head.size) return { size: this.head.size };
    const note = parseNote(checkpoint);
    const [logKey, own] = [parseVerifierKey(sha256, this.logKey), parseVerifierKey(sha256, this.keys[0] ?? '')];
    const shown = note && parseCheckpoint(note.text);
    if (!note || !shown || !logKey || !own) throw new Error('the request does not parse');
    expect(signersOf(verifyEd25519, note, [logKey])).toHaveLength(1);
    const proof = hashes.map((text) => fromBase64(text) ?? new Uint8Array(0));
    if (!verifyConsistency(nativeHasher, this.head, shown, proof)) throw new DomainError('LEDGER_INCONSISTENT', 'unprocessable', 'a fork');
    this.head = shown;
    return { size: shown.size, cosignature: cosign(note.text, { key: own, sign: (message) => this.key.sign(message) }, 1_588_899_600) };
  }
}

const MINUTE_MS = 60_000;

describe('the witness loop', () => {
  let test: TestParty;
  let witnesses: FakeWitness[];
  let troubles: string[];
  let nowMs: number;
  let loops: WitnessLoop[];
  beforeEach(async () => {
    test = await TestParty.open(300);
    [witnesses, troubles, loops, nowMs] = [[], [], [], Date.now()];
  });
  afterEach(async () => {
    await Promise.all(loops.map((loop) => loop.stop()));
    await test.close();
  });

  const logKey = (): string => test.party.log?.keys[0] ?? '';
  const witness = (id: string): FakeWitness => {
    const made = new FakeWitness(id, logKey());
    witnesses.push(made);
    return made;
  };
  const loop = (more: Partial<WitnessLoopOptions> = {}): WitnessLoop => {
    const made = new WitnessLoop({
      ledger: test.ledger,
      keys: () => [logKey()],
      witnesses: () => witnesses,
      intervalMs: 1_000,
      onTrouble: (trouble) => troubles.push(`${trouble.witness} ${trouble.code}`),
      nowMs: () => nowMs,
      ...more,
    });
    loops.push(made);
    return made;
  };

  it('has the newest checkpoint cosigned by every witness, and keeps what verifies', async () => {
    const [one, two] = [witness('ifs-east'), witness('ifs-west')];
    const made = loop();
    await made.round();
    const { cosigned, witnessed } = test.ledger;
    expect(cosigned?.size).toBe(300);
    for (const { name, keys } of [one, two]) {
      const line = cosigned?.note.split('\n').find((text) => text.startsWith(`— ${name} `)) ?? '';
      expect(cosignedAt(cosigned?.note ?? '', line, keys)).toBe(1_588_899_600);
      expect(witnessed.sizes.get(name)).toBe(300);
    }
    expect(witnessed.unwitnessedSinceMs).toBeUndefined();
    expect(troubles).toEqual([]);
    expect(made.warnings()).toEqual([]);
  });

  it('asks again only for a larger checkpoint, from the one that the witness has', async () => {
    const one = witness('ifs-east');
    const made = loop();
    await made.round();
    await made.round();
    expect(one.asked.map(({ from }) => from)).toEqual([0]);
    await test.grow(40);
    await made.round();
    expect(one.asked.map(({ from }) => from)).toEqual([0, 300]);
    expect(test.ledger.cosigned?.size).toBe(340);
    const afterRestart = loop();
    await test.grow(1);
    await afterRestart.round();
    expect(one.asked.at(-1)?.from).toBe(340);
  });

  it('starts from the size that a witness names which is behind', async () => {
    const one = witness('ifs-east');
    const made = loop();
    await made.round();
    await test.grow(10);
    one.head = { size: 7, root: test.ledger.rootAt(7) };
    await made.round();
    expect(one.asked.map(({ from }) => from)).toEqual([0, 300, 7]);
    expect(test.ledger.witnessed.sizes.get(one.name)).toBe(310);
  });

  it('gets the cosignature of a checkpoint whose answer was lost', async () => {
    const one = witness('ifs-east');
    const made = loop();
    one.fault = (request) => {
      one.answer(request);
      return Promise.reject(new DomainError('SERVICE_UNAVAILABLE', 'unavailable', 'gone'));
    };
    await made.round();
    expect(test.ledger.cosigned).toBeUndefined();
    one.fault = undefined;
    nowMs += MINUTE_MS;
    await made.round();
    expect(one.asked.map(({ from }) => from)).toEqual([0, 0, 300]);
    expect(test.ledger.cosigned?.size).toBe(300);
  });

  it('is not held up by a witness that is down: it is asked less and less, and told of once', async () => {
    const [down, up] = [witness('ifs-east'), witness('ifs-west')];
    down.fault = () => Promise.reject(new DomainError('SERVICE_UNAVAILABLE', 'unavailable', 'gone'));
    const made = loop();
    for (let second = 0; second < 60; second += 1) {
      await made.round();
      nowMs += 1_000;
    }
    expect(test.ledger.witnessed.sizes.get(up.name)).toBe(300);
    expect(down.asked.length).toBe(6); // after 1, 2, 4, 8, 16 and 32 s
    expect(troubles).toEqual([`${down.name} SERVICE_UNAVAILABLE`]);
    down.fault = undefined;
    nowMs += MINUTE_MS;
    await made.round();
    expect(test.ledger.witnessed.sizes.get(down.name)).toBe(300);
  });

  it('waits a bounded time for a silent one, and for the others not at all', async () => {
    const [silent, quick] = [witness('ifs-east'), witness('ifs-west')];
    silent.fault = () => new Promise(() => undefined);
    const made = loop({ askTimeoutMs: 300 });
    const round = made.round();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(test.ledger.witnessed.sizes.get(quick.name)).toBe(300);
    await made.round(); // meanwhile the silent one is not asked a second time
    await round;
    expect(silent.asked).toHaveLength(1);
    expect(troubles).toEqual([`${silent.name} WITNESS_SILENT`]);
  });

  it.each<[string, string, (one: FakeWitness, other: FakeWitness) => FakeWitness['fault'], boolean]>([
    ['signs with a key that is not its own', 'WITNESS_COSIGNATURE_INVALID', (_one, other) => (request) => Promise.resolve(other.answer(request)), true],
    [
      'signs another time than it says',
      'WITNESS_COSIGNATURE_INVALID',
      (one) => (request) => {
        const { size, cosignature = '' } = one.answer(request);
        const [dash, name, encoded = ''] = cosignature.split(' ');
        const bytes = Buffer.from(encoded, 'base64');
        bytes[11] = (bytes[11] as number) ^ 1;
        return Promise.resolve({ size, cosignature: `${dash} ${name} ${bytes.toString('base64')}` });
      },
      true,
    ],
    ['sends nonsense for a cosignature', 'WITNESS_COSIGNATURE_INVALID', () => () => Promise.resolve({ size: 300, cosignature: 'x\n— y z' }), true],
    ['names a tree that there is not', 'WITNESS_AHEAD', () => () => Promise.resolve({ size: 1_000_000 }), true],
    ['names no size', 'WITNESS_ANSWER', () => () => Promise.resolve({ size: -1 }), false],
    [
      'names the size that it was asked from',
      'WITNESS_ANSWER',
      () =>
        ({ from }) =>
          Promise.resolve({ size: from }),
      false,
    ],
    [
      'names another size each time',
      'WITNESS_UNSTEADY',
      () =>
        ({ from }) =>
          Promise.resolve({ size: from + 1 }),
      false,
    ],
    ['refuses', 'LEDGER_INCONSISTENT', () => () => Promise.reject(new DomainError('LEDGER_INCONSISTENT', 'unprocessable', 'a fork')), true],
  ])('keeps nothing of a witness that %s (%s)', async (_what, code, fault, warned) => {
    const one = witness('ifs-east');
    one.fault = fault(one, new FakeWitness('ifs-east', logKey()));
    const made = loop();
    await made.round();
    expect(test.ledger.cosigned).toBeUndefined();
    expect(troubles).toEqual([`${one.name} ${code}`]);
    expect(one.asked.length).toBeLessThanOrEqual(4);
    expect(made.warnings()).toEqual(warned ? [code] : []);
  });

  it('warns where entries have waited too long, and tells sizes and age as metrics', async () => {
    const made = loop({ unwitnessedMsMax: 5 * MINUTE_MS });
    const metrics = new Metrics('test', () => 0);
    measureLedger(metrics, test.ledger, () => nowMs);
    nowMs += 6 * MINUTE_MS;
    expect(made.warnings()).toEqual(['LOG_UNWITNESSED']);
    const text = await metrics.registry.metrics();
    expect(text).toMatch(/renkei_ledger_size\{[^}]*\} 300\n/);
    expect(text).toMatch(/renkei_ledger_cosigned_size\{[^}]*\} 0\n/);
    expect(Number(/renkei_ledger_unwitnessed_seconds\{[^}]*\} (\S+)\n/.exec(text)?.[1])).toBeGreaterThan(350);
    witness('ifs-east');
    await made.round();
    expect(made.warnings()).toEqual([]);
    expect(await metrics.registry.metrics()).toMatch(/renkei_ledger_unwitnessed_seconds\{[^}]*\} 0\n/);
  });

  it('does no harm where the ledger cannot be asked any more', async () => {
    const one = witness('ifs-east');
    const made = loop();
    const metrics = new Metrics('test', () => 0);
    measureLedger(metrics, test.ledger);
    await test.ledger.close();
    await made.round();
    expect(one.asked).toEqual([]);
    expect(made.warnings()).toEqual(['LEDGER_CLOSED']);
    expect(await metrics.registry.metrics()).toMatch(/renkei_ledger_size\{[^}]*\} Nan\n/i);
  });

  it('runs by itself, and forgets a witness that is no longer one', async () => {
    const one = witness('ifs-east');
    one.fault = () => Promise.resolve({ size: 1_000_000 });
    const made = loop({ intervalMs: 10 });
    made.start();
    const until = Date.now() + 5_000;
    while (troubles.length === 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(made.warnings()).toEqual(['WITNESS_AHEAD']);
    witnesses.pop();
    while (made.warnings().length > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(made.warnings()).toEqual([]);
  });
});
