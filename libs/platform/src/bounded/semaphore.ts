import { DomainError } from '#libs/kernel';

/** A bounded place is full: come back later. Nothing was begun. */
export class Busy extends DomainError {
  override readonly name = 'Busy';
  constructor(what: string) {
    super('BUSY', 'busy', `${what} is full: try again later`);
  }
}

/** Lets at most `permits` tasks run; at most `waitingMax` more wait, in order. Beyond that `run` rejects with Busy. */
export class Semaphore {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(private readonly options: { readonly name: string; readonly permits: number; readonly waitingMax: number }) {
    if (options.permits < 1 || options.waitingMax < 0) throw new RangeError('a semaphore needs a permit, and no negative queue');
    this.#free = options.permits;
  }

  get running(): number {
    return this.options.permits - this.#free;
  }
  get waiting(): number {
    return this.#waiting.length;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else if (this.#waiting.length >= this.options.waitingMax) throw new Busy(this.options.name);
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
