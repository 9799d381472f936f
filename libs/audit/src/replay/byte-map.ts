const SLOTS_MIN = 256;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Values by short byte strings that lie in a larger one: found without making a string of them. */
export class ByteMap<T> {
  #slots = new Int32Array(SLOTS_MIN).fill(-1);
  #keys: Uint8Array[] = [];
  #values: T[] = [];

  get size(): number {
    return this.#keys.length;
  }

  get(bytes: Uint8Array, from: number, to: number): T | undefined {
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(bytes, from, to) & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot] as number;
      if (index < 0) return undefined;
      if (isSameBytes(this.#keys[index] as Uint8Array, bytes, from, to)) return this.#values[index];
    }
  }

  /** Of a key that is not in it. Returns the value. */
  add(bytes: Uint8Array, from: number, to: number, value: T): T {
    if (2 * (this.#keys.length + 1) > this.#slots.length) {
      this.#slots = new Int32Array(2 * this.#slots.length).fill(-1);
      for (const [index, key] of this.#keys.entries()) this.#link(key, index);
    }
    const key = new Uint8Array(bytes.subarray(from, to)); // a copy: a Buffer's own `slice` is none
    this.#link(key, this.#keys.length);
    this.#keys.push(key);
    this.#values.push(value);
    return value;
  }

  clear(): void {
    this.#slots = new Int32Array(SLOTS_MIN).fill(-1);
    this.#keys = [];
    this.#values = [];
  }

  #link(key: Uint8Array, index: number): void {
    const mask = this.#slots.length - 1;
    let slot = hashOf(key, 0, key.length) & mask;
    while ((this.#slots[slot] as number) >= 0) slot = (slot + 1) & mask;
    this.#slots[slot] = index;
  }
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = FNV_OFFSET;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), FNV_PRIME);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Whether `bytes` from one place to another are these. */
export function isSameBytes(these: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (these.length !== to - from) return false;
  for (let at = 0; at < these.length; at += 1) if (these[at] !== bytes[from + at]) return false;
  return true;
}
