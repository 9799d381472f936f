import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ByteLines, type Encoding, type RawLine } from './byte-lines.js';

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}
async function linesOf(
  bytes: Uint8Array | string,
  { size = 7, encoding = 'utf-8', lineBytesMax = 20 }: { size?: number; encoding?: Encoding; lineBytesMax?: number } = {},
) {
  const source = new ByteLines(chunksOf(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, size), encoding, { lineBytesMax });
  const lines: RawLine[] = [];
  for await (const line of source) lines.push(line);
  return { lines, digest: source.digest(), count: source.count };
}
const texts = (lines: readonly RawLine[]) => lines.map((line) => ('text' in line ? line.text : line.unreadable));

describe('lines of bytes', () => {
  it('are numbered from 1, blank ones too, whatever ends them, and the last one needs no end', async () => {
    const { lines } = await linesOf('a\r\n\nb c\n漢字');
    expect(lines).toEqual([
      { number: 1, text: 'a' },
      { number: 2, text: '' },
      { number: 3, text: 'b c' },
      { number: 4, text: '漢字' },
    ]);
  });

  it('lose a byte order mark at the very beginning only', async () => {
    expect(texts((await linesOf('\ufeffa\n\ufeffb')).lines)).toEqual(['a', '\ufeffb']);
  });

  it('are refused alone where they are too long or not of the encoding', async () => {
    const bytes = Buffer.concat([Buffer.from('good\n'), Buffer.from([0x61, 0xff, 0x0a]), Buffer.from(`${'x'.repeat(21)}\n${'y'.repeat(20)}\nlast`)]);
    expect(texts((await linesOf(bytes)).lines)).toEqual(['good', 'encoding', 'too-long', 'y'.repeat(20), 'last']);
  });

  it('are read from Shift_JIS where it is asked for', async () => {
    const kanji = Buffer.from([0x8a, 0xbf, 0x8e, 0x9a, 0x0a, 0x83, 0x5c]); // 漢字, ソ (its second byte is a backslash)
    expect(texts((await linesOf(kanji, { encoding: 'shift_jis' })).lines)).toEqual(['漢字', 'ソ']);
    expect(texts((await linesOf(kanji)).lines)).toEqual(['encoding', 'encoding']);
  });

  it('and their digest do not depend on how the bytes come in', async () => {
    const text = fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 12 }).map((parts) => parts.join('\n'));
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 30 }), async (content, size) => {
        expect(await linesOf(content, { size })).toEqual(await linesOf(content, { size: 1_000 }));
      }),
    );
  });

  it('tell the digest of a line before: of the same beginning the same, of another one another', async () => {
    const digestAt = async (text: string): Promise<string | undefined> => {
      const source = new ByteLines(chunksOf(Buffer.from(text), 3), 'utf-8', { watched: 2 });
      for await (const line of source) void line;
      return source.watchedDigest;
    };
    expect(await digestAt('a\nb\nc')).toBe((await linesOf('a\nb')).digest);
    expect(await digestAt('a\nx\nc')).not.toBe(await digestAt('a\nb\nc'));
    expect(await digestAt('a')).toBeUndefined();
  });
});
