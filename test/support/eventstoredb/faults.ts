// What can be made to go wrong at the double, call by call.

/** `read` is a bounded read, `subscribe` one that stays open. */
export type Rpc = 'features' | 'read' | 'subscribe' | 'append' | 'batchAppend' | 'delete' | 'tombstone';

export type Fault =
  /** The request is taken, nothing is done, no answer comes. */
  | { readonly kind: 'no-answer' }
  /** Done, `ms` later than otherwise. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Not done; the call (on BatchAppend: the stream with every append in flight on it) ends with code 14. */
  | { readonly kind: 'unavailable' }
  /** Not done: the node has not started yet. */
  | { readonly kind: 'not-ready' }
  /** Not done: the call ends with the error that names another node. */
  | { readonly kind: 'not-leader'; readonly host: string; readonly port: number }
  /** Not done: the account may not. */
  | { readonly kind: 'access-denied' }
  /** Not done (BatchAppend only): BadRequest now, and for the same append a Timeout after 2 s. */
  | { readonly kind: 'bad-request-then-timeout' }
  /** Not done: the server's own write timeout, as it answers after 2 s; here at once. */
  | { readonly kind: 'timeout' }
  /** Stored, but no answer comes. */
  | { readonly kind: 'answer-lost' }
  /** Stored, but instead of the answer the connection breaks. */
  | { readonly kind: 'answer-cut' }
  /** Stored, but answered with the server's own write timeout. */
  | { readonly kind: 'stored-then-timeout' }
  /** Read and subscribe: the call ends with code 14 after so many events. */
  | { readonly kind: 'break-after'; readonly events: number }
  /** Subscribe: dropped as a consumer too slow once it is live and has been sent so many live events. */
  | { readonly kind: 'too-slow-after'; readonly events: number };

interface Planned {
  readonly rpc: Rpc;
  readonly fault: Fault;
  /** Calls (on BatchAppend: appends) that pass unharmed before. */
  skip: number;
  times: number;
}

export class FaultPlan {
  readonly #planned: Planned[] = [];
  readonly #hits: { readonly rpc: Rpc; readonly fault: Fault }[] = [];
  #notReady = false;

  /** The next `times` calls of the rpc (BatchAppend: appends) fail so, after `skip` that do not. */
  add(rpc: Rpc, fault: Fault, { times = 1, skip = 0 }: { readonly times?: number; readonly skip?: number } = {}): void {
    this.#planned.push({ rpc, fault, times, skip });
  }

  clear(): void {
    this.#planned.length = 0;
    this.#notReady = false;
  }

  /** Faults that were met, oldest first. */
  get hits(): readonly { readonly rpc: Rpc; readonly fault: Fault }[] {
    return this.#hits;
  }

  /** While true, every call but `features` is answered as a node answers that is still starting up. */
  set notReady(notReady: boolean) {
    this.#notReady = notReady;
  }

  /** The fault of a call that has just arrived. */
  take(rpc: Rpc): Fault | undefined {
    if (this.#notReady && rpc !== 'features') return { kind: 'not-ready' };
    const planned = this.#planned.find((candidate) => candidate.rpc === rpc);
    if (planned === undefined) return undefined;
    if (planned.skip > 0) {
      planned.skip -= 1;
      return undefined;
    }
    planned.times -= 1;
    if (planned.times <= 0) this.#planned.splice(this.#planned.indexOf(planned), 1);
    this.#hits.push({ rpc, fault: planned.fault });
    return planned.fault;
  }
}
