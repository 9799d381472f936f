import type { DomainError, ErrorKind } from '#libs/kernel';

const KINDS: Readonly<Record<ErrorKind, true>> = {
  invalid: true,
  unauthenticated: true,
  forbidden: true,
  'not-found': true,
  conflict: true,
  'too-large': true,
  unprocessable: true,
  busy: true,
  unavailable: true,
  internal: true,
};
export const isErrorKind = (value: unknown): value is ErrorKind => typeof value === 'string' && Object.hasOwn(KINDS, value);

/** By shape, not by class: an error may have crossed a worker or come from another copy of the kernel. */
export function isDomainError(error: unknown): error is DomainError {
  if (typeof error !== 'object' || error === null) return false;
  const { code, kind, message } = error as Partial<DomainError>;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) && isErrorKind(kind) && typeof message === 'string';
}
