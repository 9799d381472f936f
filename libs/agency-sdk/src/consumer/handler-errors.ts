import { DomainError } from '#libs/kernel';

/** Thrown by a handler: this event can never be handled. It becomes a dead letter at once. */
export class PoisonEvent extends DomainError {
  override readonly name = 'PoisonEvent';
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(code, 'unprocessable', message, {}, options);
  }
}
/** Thrown by a handler: what stands in the way will pass. The event is tried again in place until it succeeds. */
export class PassingError extends DomainError {
  override readonly name = 'PassingError';
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(code, 'unavailable', message, {}, options);
  }
}

/** A handler's time was over; also the reason of its `signal`. */
export class HandlerTimeout extends DomainError {
  override readonly name = 'HandlerTimeout';
  constructor(ms: number) {
    super('HANDLER_TIMEOUT', 'unavailable', `a handler has not ended within ${ms} ms`);
  }
}

/** System, driver and SQL codes of what passes: connections, locks, serialisation, a server that is full or restarts. */
const PASSING_CODES =
  /^(?:ECONN(?:REFUSED|RESET|ABORTED)|E(?:PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN|NOTFOUND|MFILE|NFILE|NOSPC)|UND_ERR_\w+|SQLITE_(?:BUSY|LOCKED|FULL|IOERR)\w*|08\w{3}|40\w{3}|53\w{3}|55P03|57P\w{2})$/;
const CAUSES_MAX = 5;

const shapeOf = (error: unknown): { readonly code?: unknown; readonly kind?: unknown; readonly name?: unknown; readonly cause?: unknown } =>
  typeof error === 'object' && error !== null ? error : {};

/** By name, for an error may come from another copy of this package. */
export const isPoison = (error: unknown): boolean => shapeOf(error).name === 'PoisonEvent';

/**
 * Whether an error is of the kind that passes by itself: a DomainError of kind `busy` or `unavailable` (PassingError is one),
 * or a known code of the system, of SQLite or PostgreSQL, in it or in what caused it.
 */
export function isPassing(error: unknown): boolean {
  let at: unknown = error;
  for (let depth = 0; depth < CAUSES_MAX && at !== undefined; depth += 1) {
    const { code, kind, cause } = shapeOf(at);
    if (kind === 'busy' || kind === 'unavailable') return true;
    if (typeof code === 'string' && PASSING_CODES.test(code)) return true;
    at = cause;
  }
  return false;
}

/** A code for hooks and dead letters; never the message, which may hold what a handler put into it. */
export function codeOf(error: unknown): string {
  const { code, name } = shapeOf(error);
  if (typeof code === 'string' && /^\w{1,64}$/.test(code)) return code;
  return typeof name === 'string' && /^\w{1,64}$/.test(name) ? name : 'ERROR';
}
