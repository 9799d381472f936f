import { createHash, type Hash } from 'node:crypto';

/** Bytes of one line at most. A replica's content is 45,000 bytes at most; the rest is room for how it is written. */
export const LINE_BYTES_MAX = 131_072;

export const ENCODINGS = ['utf-8', 'shift_jis'] as const;
export type Encoding = (typeof ENCODINGS)[number];

export type RawLine =
  | { readonly number: number; readonly text: string }
  /** Cannot be read: it alone is refused. */
  | { readonly number: number; readonly unreadable: 'too-long' | 'encoding' };

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BOM = [0xef, 0xbb, 0xbf] as const;

/**
 * Lines of a stream of bytes, numbered from 1, without their ends (LF or CRLF) and without a byte order mark. A line that is
 * too long or not of the encoding does not stop the reading. What was read is hashed, for a bulk that is resumed must be the
 * same one.
 */
export class ByteLines {
  private readonly lineBytesMax: number;
  readonly #hash: Hash = createHash('sha256');
  readonly #watched: number;
  #number = 0;
  #watchedDigest: string | undefined;

  constructor(
    private readonly chunks: AsyncIterable<Uint8Array>,
    private readonly encoding: Encoding,
    { watched = 0, lineBytesMax = LINE_BYTES_MAX }: { readonly watched?: number; readonly lineBytesMax?: number } = {},
  ) {
    this.#watched = watched;
    this.lineBytesMax = lineBytesMax;
  }

  /** Lines yielded so far. */
  get count(): number {
    return this.#number;
  }
  /** SHA-256, base64url, over the lines yielded so far, each with a newline behind it. */
  digest(): string {
    return this.#hash.copy().digest('base64url');
  }
  /** What `digest` was after the line `watched`; undefined before it was read. */
  get watchedDigest(): string | undefined {
    return this.#watchedDigest;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RawLine> {
    let parts: Buffer[] = [];
    let length = 0;
    for await (const chunk of this.chunks) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
        const piece = bytes.subarray(start, end);
        yield this.#line(length === 0 ? piece : Buffer.concat([...parts, piece]), length + piece.length);
        parts = [];
        length = 0;
        start = end + 1;
      }
      const rest = bytes.subarray(start);
      // of a line that is too long already nothing more is kept, but what passes by is hashed
      if (length + rest.length <= this.lineBytesMax) parts.push(rest);
      else {
        for (const part of [...parts, rest]) this.#hash.update(part);
        parts = [];
      }
      length += rest.length;
    }
    if (length > 0) yield this.#line(Buffer.concat(parts), length);
  }

  #line(kept: Buffer, length: number): RawLine {
    this.#number += 1;
    const number = this.#number;
    this.#hash.update(kept).update('\n');
    if (number === this.#watched) this.#watchedDigest = this.digest();
    if (length > this.lineBytesMax) return { number, unreadable: 'too-long' };
    const hasMark = number === 1 && this.encoding === 'utf-8' && BOM.every((byte, index) => kept[index] === byte);
    const from = hasMark ? BOM.length : 0;
    const to = kept.at(-1) === RETURN ? kept.length - 1 : kept.length;
    try {
      // ignoreBOM: a mark inside is a character like any other, so that nothing vanishes unseen
      return { number, text: new TextDecoder(this.encoding, { fatal: true, ignoreBOM: true }).decode(kept.subarray(from, to)) };
    } catch {
      return { number, unreadable: 'encoding' };
    }
  }
}
