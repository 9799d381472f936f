import { createHash } from 'node:crypto';
import { ledgerKeyOf } from '#libs/commands';
import { SigningKey } from '#libs/cryptography';
import { leafHash, nativeHasher } from '#libs/ledger';
import { encodeHashes, formatCheckpoint, formatNote, hashOfRange, inclusionProof, type NodeReader, parseVerifierKey } from '#libs/proofs';
import type { LineOutcome, Place, Proven, RecordTold, TellRecordLine } from '#libs/protocol';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

export interface TestRecord {
  readonly exchangeId: string;
  readonly agency: string;
  readonly stream: string;
  readonly type: string;
  readonly at: string;
  readonly data: object;
}

/** A party that records events in a log of its own and tells them with their proofs, as an intermediate server does. */
export class TestServer {
  signing = SigningKey.generate();
  readonly origin: string;
  readonly #entries: { readonly record: TestRecord; text: string }[] = [];
  /** What it tells instead, where it is bidden to. */
  tamper: (text: string) => string = (text) => text;
  isDown = false;
  readonly asked: TellRecordLine[] = [];

  constructor(readonly id: string) {
    this.origin = `renkei.example/${id}/1`;
  }

  get key(): string {
    return ledgerKeyOf(this.signing, this.origin);
  }

  /** Returns the leaf hash, base64url. */
  record(record: TestRecord): string {
    const { exchangeId, agency, stream, type, at, data } = record;
    const revision = this.#entries.filter((entry) => entry.record.stream === stream).length;
    const ids = { id: `${this.id}-${this.#entries.length}`, correlationId: exchangeId, causationId: exchangeId };
    const text = JSON.stringify({ actor: 'system', agency, at, ...ids, data, recordedAt: at, revision, stream, type, v: 1 });
    this.#entries.push({ record, text });
    return leafHash(Buffer.from(text)).toString('base64url');
  }

  /** As if it had never been recorded. */
  forget(stream: string, type: string): void {
    const at = this.#entries.findIndex(({ record }) => record.stream === stream && record.type === type);
    this.#entries.splice(at, 1);
  }

  tellRecords(lines: readonly TellRecordLine[]): Proven<RecordTold> {
    if (this.isDown) throw new Error('it is down');
    this.asked.push(...lines);
    const nodes: string[] = [];
    const outcomes = lines.map(({ exchangeId, agency }): LineOutcome<RecordTold> => {
      const own = this.#entries.flatMap((entry, index) =>
        entry.record.exchangeId === exchangeId && entry.record.agency === agency ? [{ ...entry, index }] : [],
      );
      if (own.length === 0) return { ok: false, problem: { code: 'EXCHANGE_NOT_RECORDED', kind: 'not-found', detail: '' } };
      const events = own.map(({ text, index }) => ({ event: this.tamper(text), place: this.#place(index, nodes) }));
      return { ok: true, value: { exchangeId, events } };
    });
    return { outcomes, proofs: [{ checkpoint: this.#checkpoint(), nodes }] };
  }

  readonly #read: NodeReader = (level, index) =>
    level === 0
      ? nativeHasher.leaf(Buffer.from(this.#entries[index]?.text ?? ''))
      : nativeHasher.node(this.#read(level - 1, index * 2), this.#read(level - 1, index * 2 + 1));

  #place(index: number, nodes: string[]): Place {
    const path = encodeHashes(inclusionProof(nativeHasher, this.#read, index, this.#entries.length));
    return { index, path: path.map((hash) => nodes.push(hash) - 1) };
  }

  #checkpoint(): string {
    const size = this.#entries.length;
    const text = formatCheckpoint({ origin: this.origin, size, root: hashOfRange(nativeHasher, this.#read, 0, size) });
    const { name, keyId } = parseVerifierKey(sha256, this.key) ?? { name: '', keyId: 0 };
    return formatNote({ text, signatures: [{ name, keyId, signature: this.signing.sign(Buffer.from(text)) }] });
  }
}
