/** Tells whether a part that answers depend on is usable: rejects, or resolves to false, where it is not. */
export type ReadinessCheck = () => Promise<boolean | void> | boolean | void;

/** What an operator should look at though everything is answered: stable codes, none where all is well. Must not throw. */
export type HealthWarnings = () => readonly string[];

const CHECK_TIMEOUT_MS = 2_000;

/** Liveness and readiness of one app. A module registers its checks here by name; the names are public. */
export class Health {
  readonly #checks = new Map<string, ReadinessCheck>();
  readonly #warnings: HealthWarnings[] = [];
  #stopping = false;

  register(name: string, check: ReadinessCheck): void {
    this.#checks.set(name, check);
  }

  /** Told beside the checks at /health/ready; readiness does not depend on them. The codes are public. */
  warn(warnings: HealthWarnings): void {
    this.#warnings.push(warnings);
  }
  get warnings(): readonly string[] {
    return [...new Set(this.#warnings.flatMap((warnings) => warnings()))].sort();
  }

  /** Readiness is down for good. */
  stop(): void {
    this.#stopping = true;
  }

  async ready(): Promise<{ readonly ready: boolean; readonly checks: Readonly<Record<string, 'up' | 'down'>> }> {
    const names = [...this.#checks.keys()];
    const results = await Promise.all(names.map((name) => this.#isUp(name)));
    const checks = Object.fromEntries(names.map((name, index) => [name, results[index] === true ? ('up' as const) : ('down' as const)]));
    return { ready: !this.#stopping && results.every(Boolean), checks };
  }

  async #isUp(name: string): Promise<boolean> {
    const { promise: late, stop } = deadline(CHECK_TIMEOUT_MS);
    try {
      const result = await Promise.race([Promise.resolve().then(() => this.#checks.get(name)?.()), late]);
      return result !== false;
    } catch {
      // which check is down is all that is told outside; the part itself logs why
      return false;
    } finally {
      stop();
    }
  }
}

function deadline(ms: number): { promise: Promise<false>; stop: () => void } {
  let stop = (): void => undefined;
  const promise = new Promise<false>((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    stop = () => clearTimeout(timer);
  });
  return { promise, stop };
}
