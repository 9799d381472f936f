/**
 * Codes of a model file by small numbers: a row names agencies, affairs and statuses by one or two bytes instead of
 * sixteen. Numbers are given in the order of first use and are committed with the rows that use them.
 */
export class Dictionary {
  readonly #ids = new Map<string, number>();
  readonly #texts: string[] = [];
  /** How many of them are committed. */
  #stored: number;

  constructor(texts: readonly string[]) {
    for (const text of texts) this.#add(text);
    this.#stored = this.#texts.length;
  }

  #add(text: string): number {
    this.#texts.push(text);
    this.#ids.set(text, this.#texts.length);
    return this.#texts.length;
  }

  /** The number of a code; a new one must be stored before the transaction ends. */
  idOf(text: string): number {
    return this.#ids.get(text) ?? this.#add(text);
  }

  /** The number of a code, 0 (which no code has) where no row can hold it. */
  knownIdOf(text: string): number {
    return this.#ids.get(text) ?? 0;
  }

  textOf(id: number): string {
    const text = this.#texts[id - 1];
    if (text === undefined) throw new Error('a row names a code that its file does not have');
    return text;
  }

  /** Codes that the next commit must hold, with their numbers. */
  unstored(): readonly (readonly [id: number, text: string])[] {
    return this.#texts.slice(this.#stored).map((text, at) => [this.#stored + at + 1, text]);
  }

  committed(): void {
    this.#stored = this.#texts.length;
  }

  rolledBack(): void {
    for (const text of this.#texts.splice(this.#stored)) this.#ids.delete(text);
  }
}
