// How a server recognises that an append was made already. Only ids are compared, never bodies.
import type { Expected, LogRecord, Proposed } from './log.js';

export type IdVerdict = { readonly kind: 'write' } | { readonly kind: 'wrong-version' } | { readonly kind: 'repeated'; readonly revision: bigint };

export interface AppendToCheck {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly Proposed[];
  /** All records of the stream, its index the revision. */
  readonly records: readonly LogRecord[];
}

/**
 * With an exact revision (or 'no stream') the ids are compared with those that stand at the revisions asked for, which outlives everything.
 * With 'any' and 'stream exists' they are looked up among the ids seen since the server started.
 */
export class AppendIds {
  /** Where each id was written last. */
  readonly #seen = new Map<string, { readonly stream: string; readonly revision: bigint }>();

  clear(): void {
    this.#seen.clear();
  }

  remember({ id, stream, revision }: LogRecord): void {
    this.#seen.set(id, { stream, revision });
  }

  check(append: AppendToCheck): IdVerdict {
    const { expected, records } = append;
    const last = BigInt(records.length) - 1n;
    switch (expected.kind) {
      case 'any':
        return this.#checkSeen(append);
      case 'exists':
        return last < 0n ? { kind: 'wrong-version' } : this.#checkSeen(append);
      case 'no-stream':
      case 'exact': {
        const revision = expected.kind === 'exact' ? expected.revision : -1n;
        if (revision === last) return { kind: 'write' };
        return revision > last ? { kind: 'wrong-version' } : checkStored(append, revision);
      }
    }
  }

  #checkSeen({ stream, events }: AppendToCheck): IdVerdict {
    let revision: bigint | undefined;
    for (const [index, { id }] of events.entries()) {
      const seen = this.#seen.get(id);
      if (seen?.stream !== stream) return index === 0 ? { kind: 'write' } : { kind: 'wrong-version' };
      revision = seen.revision;
    }
    return revision === undefined ? { kind: 'write' } : { kind: 'repeated', revision };
  }
}

function checkStored({ events, records }: AppendToCheck, expected: bigint): IdVerdict {
  const first = Number(expected) + 1;
  const same = events.length > 0 && events.every(({ id }, index) => records[first + index]?.id === id);
  return same ? { kind: 'repeated', revision: BigInt(first + events.length - 1) } : { kind: 'wrong-version' };
}
