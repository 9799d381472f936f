const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Int16Array(128).fill(-1);
for (let value = 0; value < ALPHABET.length; value += 1) VALUES[ALPHABET.charCodeAt(value)] = value;

/** Standard base64 with padding (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** −1 for a character that is none of base64. */
function valueAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < VALUES.length ? (VALUES[code] as number) : -1;
}

/**
 * Bytes of standard base64 in its one canonical form; undefined for anything else. Ten times as fast as `atob`, which also
 * lets through other forms: a proof has twenty hashes to decode.
 */
export function fromBase64(text: string): Uint8Array | undefined {
  const { length } = text;
  if (length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((length / 4) * 3 - padding);
  let end = 0;
  for (let at = 0; at < length; at += 4) {
    const padded = at + 4 === length ? padding : 0;
    const first = valueAt(text, at);
    const second = valueAt(text, at + 1);
    const third = padded === 2 ? 0 : valueAt(text, at + 2);
    const fourth = padded > 0 ? 0 : valueAt(text, at + 3);
    if ((first | second | third | fourth) < 0) return undefined;
    // the bits that no byte holds are zero in the canonical form
    if ((padded === 2 && (second & 15) !== 0) || (padded === 1 && (third & 3) !== 0)) return undefined;
    bytes[end++] = (first << 2) | (second >> 4);
    if (padded < 2) bytes[end++] = ((second & 15) << 4) | (third >> 2);
    if (padded < 1) bytes[end++] = ((third & 3) << 6) | fourth;
  }
  return bytes;
}
