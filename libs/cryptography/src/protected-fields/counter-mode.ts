export const AES_BLOCK_BYTES = 16;
/** Counter blocks given to the cipher in one call: 64 KiB. One longer message still goes in one call. */
const BLOCKS_A_CALL_MAX = 4_096;

export interface CounterModeMessage {
  /** First counter block, 16 bytes. */
  readonly nonce: Uint8Array;
  /** Enciphered, or deciphered, in place. */
  readonly bytes: Uint8Array;
}

const blocksOf = (message: CounterModeMessage): number => Math.ceil(message.bytes.length / AES_BLOCK_BYTES);

/** Writes `count` counter blocks: the nonce as a 128-bit big-endian number, then its successors, modulo 2^128. */
function writeCounters(target: Uint8Array, offset: number, nonce: Uint8Array, count: number): void {
  target.set(nonce, offset);
  for (let block = 1; block < count; block += 1) {
    const at = offset + block * AES_BLOCK_BYTES;
    target.copyWithin(at, at - AES_BLOCK_BYTES, at);
    for (let index = at + AES_BLOCK_BYTES - 1; index >= at; index -= 1) {
      const next = ((target[index] as number) + 1) & 0xff;
      target[index] = next;
      if (next !== 0) break;
    }
  }
}

function applyGroup(encryptBlocks: (blocks: Uint8Array) => Uint8Array, messages: readonly CounterModeMessage[], blocks: number): void {
  const counters = new Uint8Array(blocks * AES_BLOCK_BYTES);
  let offset = 0;
  for (const message of messages) {
    const count = blocksOf(message);
    if (count > 0) writeCounters(counters, offset, message.nonce, count);
    offset += count * AES_BLOCK_BYTES;
  }
  const keystream = encryptBlocks(counters);
  offset = 0;
  for (const message of messages) {
    const { bytes } = message;
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = (bytes[index] as number) ^ (keystream[offset + index] as number);
    offset += blocksOf(message) * AES_BLOCK_BYTES;
  }
}

/**
 * AES-CTR (NIST SP 800-38A §6.5) over many messages with one call of the block cipher for all their counters: a native
 * CTR object for each message costs several times as much. A test holds it equal to Node's `aes-256-ctr`.
 */
export function applyCounterMode(encryptBlocks: (blocks: Uint8Array) => Uint8Array, messages: readonly CounterModeMessage[]): void {
  let from = 0;
  let blocks = 0;
  for (let index = 0; index < messages.length; index += 1) {
    const count = blocksOf(messages[index] as CounterModeMessage);
    if (blocks > 0 && blocks + count > BLOCKS_A_CALL_MAX) {
      applyGroup(encryptBlocks, messages.slice(from, index), blocks);
      from = index;
      blocks = 0;
    }
    blocks += count;
  }
  if (blocks > 0) applyGroup(encryptBlocks, messages.slice(from), blocks);
}
