import { availableParallelism } from 'node:os';
import { DomainError, type ErrorKind } from '#libs/kernel';

/** More threads gain nothing on the machines that were measured: they share the memory's bandwidth. */
const THREADS_MAX = 4;

/** Threads that read a record, where nothing else is said. */
export const threadsByDefault = (): number => Math.min(availableParallelism(), THREADS_MAX);

/** What such a thread makes lives for one event: a larger nursery is emptied less often. */
export const READING_LIMITS = { maxYoungGenerationSizeMb: 64 } as const;

/** Code, kind and sentence of an error: an Error's own fields do not cross threads. */
export interface PlainError {
  readonly code?: string;
  readonly kind?: ErrorKind;
  readonly message: string;
}

export function plainError(error: unknown): PlainError {
  const { code, kind, message } = error as PlainError;
  return { message, ...(code === undefined ? {} : { code }), ...(kind === undefined ? {} : { kind }) };
}

/** The error again, of this side. */
export const errorAgain = ({ code, kind, message }: PlainError): Error =>
  code === undefined || kind === undefined ? new Error(message) : new DomainError(code, kind, message);
