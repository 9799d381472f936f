/** Ids that are handed over at once. */
const IDS_STEP = 16_384;
const ID_WORDS = 4;

/** Hands over ids many at a time, four words each (most significant first), in order. */
export class IdBuffer {
  readonly #words = new Uint32Array(IDS_STEP * ID_WORDS);
  #length = 0;

  constructor(private readonly give: (words: Uint32Array) => void) {}

  add(id: Uint32Array): void {
    this.#words.set(id, this.#length);
    this.#length += ID_WORDS;
    if (this.#length === this.#words.length) this.flush();
  }

  flush(): void {
    if (this.#length > 0) this.give(this.#words.slice(0, this.#length));
    this.#length = 0;
  }
}
