import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { MailboxCipher } from '#libs/cryptography';
import { DomainError } from '#libs/kernel';

/** What may be told of a result without opening it. */
export interface MailboxReference {
  readonly exchangeId: string;
  readonly agency: string;
  readonly applicationId?: string;
  readonly provider: string;
  readonly information: string;
  readonly items: readonly string[];
  readonly providedAt: string;
  readonly receivedAt: string;
  readonly keptUntil: string;
  readonly digest: string;
}
export interface MailboxEntry {
  readonly reference: MailboxReference;
  readonly payload: string;
}
export interface MailboxPage {
  readonly references: readonly MailboxReference[];
  readonly next?: string;
}

const FILE = 'results.mdb';
const SEQUENCE = 'sequence';
const SEQUENCE_DIGITS = 14;
/** Results that one pass of the sweeper deletes at most. */
export const EXPIRED_AT_ONCE_MAX = 1_000;

const unavailable = (cause: unknown): DomainError =>
  new DomainError('MAILBOX_UNAVAILABLE', 'unavailable', 'the result mailbox cannot be read or written', {}, { cause });

/**
 * The result mailbox (format.md §8): a file of its own. Values are enciphered under the party's mailbox key, bound to the
 * exchange. What `put` resolved for is durable. An agency is part of every key: no question reaches another's results.
 */
export class ResultMailbox {
  /** `<agency>/<number of arrival>` → reference (JSON). */
  readonly #references: Database<string, string>;
  /** `<agency>/<exchange id>` → number of arrival. */
  readonly #arrivals: Database<string, string>;
  /** `<agency>/<exchange id>` → enciphered payload. */
  readonly #payloads: Database<Buffer, string>;
  /** `<kept until>/<agency>/<exchange id>` → nothing: in the order of expiry. */
  readonly #expiries: Database<string, string>;
  #closed = false;

  private constructor(
    private readonly root: RootDatabase,
    private readonly cipher: MailboxCipher,
  ) {
    this.#references = root.openDB<string, string>({ name: 'references', encoding: 'string' });
    this.#arrivals = root.openDB<string, string>({ name: 'arrivals', encoding: 'string' });
    this.#payloads = root.openDB<Buffer, string>({ name: 'payloads', encoding: 'binary' });
    this.#expiries = root.openDB<string, string>({ name: 'expiries', encoding: 'string' });
  }

  /** Opens the mailbox in a directory, which is made if it is missing. Throws MAILBOX_UNAVAILABLE. `key` has 32 bytes. */
  static open(directory: string, key: Uint8Array): ResultMailbox {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      // overlappingSync would answer before the data is on disk
      const root = open({ path: join(directory, FILE), noSubdir: true, maxDbs: 4, overlappingSync: false });
      return new ResultMailbox(root, new MailboxCipher(key));
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** Puts results in, in one durable commit; what is there already stays as it is. */
  async put(entries: readonly MailboxEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const sealed = entries.map(({ reference, payload }) => this.cipher.seal(bindingOf(reference), payload));
    await this.#transaction(() => {
      let sequence = Number(this.#arrivals.get(SEQUENCE) ?? '0');
      for (const [index, { reference }] of entries.entries()) {
        const key = keyOf(reference.agency, reference.exchangeId);
        if (this.#arrivals.get(key) !== undefined) continue;
        sequence += 1;
        const arrival = String(sequence).padStart(SEQUENCE_DIGITS, '0');
        this.#arrivals.putSync(key, arrival);
        this.#references.putSync(`${reference.agency}/${arrival}`, JSON.stringify(reference));
        this.#payloads.putSync(key, sealed[index] as Buffer);
        this.#expiries.putSync(`${reference.keptUntil}/${key}`, '');
      }
      this.#arrivals.putSync(SEQUENCE, String(sequence));
    });
  }

  /** References in the order of arrival, after the `next` of the page before. */
  list(agency: string, limit: number, after?: string): MailboxPage {
    if (after !== undefined && !/^[0-9]{14}$/.test(after)) {
      throw new DomainError('CURSOR_INVALID', 'invalid', 'not a cursor of this list: begin again without it', { field: 'after', rule: 'cursor' });
    }
    const found = this.#read(() => [
      ...this.#references.getRange({ start: `${agency}/${after === undefined ? '' : `${after}.`}`, end: `${agency}/:`, limit: limit + 1 }),
    ]);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      references: page.map(({ value }) => JSON.parse(value) as MailboxReference),
      ...(found.length > limit && last ? { next: last.key.slice(agency.length + 1) } : {}),
    };
  }

  /** One result with its data; undefined where it is not there (any more). Throws MAILBOX_VALUE_CORRUPT. */
  get(agency: string, exchangeId: string): MailboxEntry | undefined {
    const key = keyOf(agency, exchangeId);
    const found = this.#read(() => {
      const arrival = this.#arrivals.get(key);
      const reference = arrival === undefined ? undefined : this.#references.get(`${agency}/${arrival}`);
      const sealed = this.#payloads.get(key);
      return reference === undefined || sealed === undefined ? undefined : { reference: JSON.parse(reference) as MailboxReference, sealed };
    });
    return found && { reference: found.reference, payload: this.cipher.open(bindingOf(found.reference), found.sealed) };
  }

  /** Deletes results of one agency; those that are not there are passed over. Durable on return. */
  async remove(agency: string, exchangeIds: readonly string[]): Promise<void> {
    if (exchangeIds.length === 0) return;
    await this.#transaction(() => {
      for (const exchangeId of exchangeIds) this.#remove(agency, exchangeId);
    });
  }

  /** Deletes what is kept no longer, at most EXPIRED_AT_ONCE_MAX; returns how many. */
  async expire(now: string): Promise<number> {
    const due = this.#read(() => [...this.#expiries.getKeys({ end: `${now}/~`, limit: EXPIRED_AT_ONCE_MAX })]);
    if (due.length === 0) return 0;
    await this.#transaction(() => {
      for (const key of due) {
        const [, agency = '', exchangeId = ''] = key.split('/');
        this.#remove(agency, exchangeId);
        this.#expiries.removeSync(key);
      }
    });
    return due.length;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.root.close();
  }

  #remove(agency: string, exchangeId: string): void {
    const key = keyOf(agency, exchangeId);
    const arrival = this.#arrivals.get(key);
    if (arrival === undefined) return;
    const reference = this.#references.get(`${agency}/${arrival}`);
    if (reference !== undefined) this.#expiries.removeSync(`${(JSON.parse(reference) as MailboxReference).keptUntil}/${key}`);
    this.#references.removeSync(`${agency}/${arrival}`);
    this.#arrivals.removeSync(key);
    this.#payloads.removeSync(key);
  }

  #read<T>(read: () => T): T {
    if (this.#closed) throw unavailable(undefined);
    try {
      return read();
    } catch (error) {
      throw unavailable(error);
    }
  }

  async #transaction(work: () => void): Promise<void> {
    if (this.#closed) throw unavailable(undefined);
    try {
      await this.root.transaction(work);
    } catch (error) {
      throw unavailable(error);
    }
  }
}

const keyOf = (agency: string, exchangeId: string): string => `${agency}/${exchangeId}`;
const bindingOf = ({ agency, exchangeId }: MailboxReference): string => keyOf(agency, exchangeId);
