import { open } from 'node:fs/promises';
import type { WireMessage } from './feed-source.js';

/**
 * undecodable: no CloudEvent of the feed · schema-invalid: not what its type promises · poison: the handler said so ·
 * attempts-exceeded: the handler failed too often, and not in a way that passes.
 */
export type DeadLetterReason = 'undecodable' | 'schema-invalid' | 'poison' | 'attempts-exceeded';

export interface DeadLetter {
  readonly reason: DeadLetterReason;
  /** Of the last error. */
  readonly code: string;
  readonly attempts: number;
  /** Name of the source, and where the message lay there. */
  readonly from: string;
  readonly place: string;
  /** RFC 3339, by this machine's clock. */
  readonly at: string;
  /** Of the event, where it could be read. */
  readonly event?: { readonly source: string; readonly id: string; readonly type: string };
  /** As it came: sent again, it is the same message. */
  readonly message: WireMessage;
}

/**
 * Takes what cannot be handled. Durable when `put` resolves; the feed goes on only then, and waits where it rejects. After a
 * crash a letter may be put twice.
 */
export interface DeadLetters {
  put(letter: DeadLetter): Promise<void>;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** A dead letter as JSON: bytes in base64. */
export function deadLetterJson({ message, ...letter }: DeadLetter): string {
  const headers = message.headers && Object.fromEntries(Object.entries(message.headers).map(([name, bytes]) => [name, base64(bytes)]));
  return JSON.stringify({
    ...letter,
    message: { ...(message.key ? { key: base64(message.key) } : {}), value: base64(message.value), ...(headers ? { headers } : {}) },
  });
}

/** Appends each letter as a line of JSON to a file (mode 600), and has it flushed to the disk. */
export function fileDeadLetters(path: string): DeadLetters {
  return {
    async put(letter) {
      const file = await open(path, 'a', 0o600);
      try {
        await file.appendFile(`${deadLetterJson(letter)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    },
  };
}
