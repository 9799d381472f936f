/** One at a time, and of those that wait whoever has the largest size first: the others are smaller then, and wait no more for each other. */
export class LargestFirst {
  #busy = false;
  readonly #waiting: { readonly size: number; readonly go: () => void }[] = [];

  async run<T>(size: number, work: () => Promise<T>): Promise<T> {
    if (this.#busy) await new Promise<void>((go) => this.#waiting.push({ size, go }));
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  /** Hands on without letting anybody in between. */
  #release(): void {
    let largest = 0;
    for (const [at, { size }] of this.#waiting.entries()) if (size > (this.#waiting[largest]?.size ?? 0)) largest = at;
    const [next] = this.#waiting.splice(largest, 1);
    if (next) next.go();
    else this.#busy = false;
  }
}
