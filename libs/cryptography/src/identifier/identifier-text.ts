/** Crockford's base32 in lower case: no i, l, o, u. One identifier has one text, so other spellings are refused. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

export const BLOCK_BYTES = 16;
/** Two letters of base32 hold the epoch. */
export const EPOCH_MAX = 1_023;
/** 2 letters of epoch, 26 of the block. */
export const IDENTIFIER_LETTERS = 28;

const PAIRS: readonly string[] = Array.from({ length: 1_024 }, (_, bits) => `${ALPHABET[bits >> 5]}${ALPHABET[bits & 31]}`);
const VALUES = new Int8Array(128).fill(-1);
for (let index = 0; index < ALPHABET.length; index += 1) VALUES[ALPHABET.charCodeAt(index)] = index;

/** Text of an epoch and the 16-byte block at `offset`: 130 bits in 13 pairs of letters, the last two bits zero. */
export function writeIdentifier(epoch: number, bytes: Uint8Array, offset = 0): string {
  let text = PAIRS[epoch] as string;
  let bits = 0;
  let held = 0;
  for (let index = offset; index < offset + BLOCK_BYTES; index += 1) {
    bits = (bits << 8) | (bytes[index] as number);
    held += 8;
    if (held >= 10) {
      held -= 10;
      text += PAIRS[bits >> held] as string;
      bits &= (1 << held) - 1;
    }
  }
  return text + (PAIRS[bits << (10 - held)] as string);
}

const letter = (text: string, index: number): number => {
  const unit = text.charCodeAt(index);
  return unit < 128 ? (VALUES[unit] as number) : -1;
};

/** Writes the block to `target` and returns the epoch, or undefined where the text is not written as an identifier is. */
export function readIdentifier(text: string, target: Uint8Array, offset = 0): number | undefined {
  if (text.length !== IDENTIFIER_LETTERS) return undefined;
  const high = letter(text, 0);
  const low = letter(text, 1);
  if ((high | low) < 0) return undefined;
  const epoch = (high << 5) | low;
  let bits = 0;
  let held = 0;
  let at = offset;
  for (let index = 2; index < IDENTIFIER_LETTERS; index += 1) {
    const value = letter(text, index);
    if (value < 0) return undefined;
    bits = (bits << 5) | value;
    held += 5;
    if (held >= 8) {
      held -= 8;
      target[at] = bits >> held;
      at += 1;
      bits &= (1 << held) - 1;
    }
  }
  return bits === 0 && epoch > 0 ? epoch : undefined;
}
