/** What a refusal means to whoever asked. One table in `platform` maps a kind to an HTTP status; nothing else does. */
export type ErrorKind =
  | 'invalid' // the input is wrong: mend it and send again
  | 'unauthenticated' // no token, or one that does not hold
  | 'forbidden' // known, but not entitled
  | 'not-found'
  | 'conflict' // true state differs from what the caller assumed
  | 'too-large'
  | 'unprocessable' // well formed, but a rule refuses it
  | 'busy' // a bounded queue is full: come back later
  | 'unavailable' // something needed is down: nothing was recorded, try again
  | 'internal';

/**
 * A refusal with a stable code (SCREAMING_SNAKE), a kind, a sentence for people, and where the input was at fault the
 * field and the rule. Never carries personal data: values are not repeated in messages.
 */
export class DomainError extends Error {
  override readonly name: string = 'DomainError';

  constructor(
    readonly code: string,
    readonly kind: ErrorKind,
    message: string,
    readonly at: { readonly field?: string; readonly rule?: string; readonly line?: number } = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export const invalid = (field: string, rule: string, message: string, code = 'INVALID_INPUT'): DomainError =>
  new DomainError(code, 'invalid', message, { field, rule });
