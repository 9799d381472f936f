import { DomainError } from '#libs/kernel';
import { readModelsDown, readModelsTimeout } from '../folding/waiting-questions.js';

/**
 * What stands between a party and its database: DATABASE_UNREACHABLE, DATABASE_SLOW, DATABASE_READ_ONLY, DATABASE_REFUSED
 * (credentials, rights, no such database), DATABASE_PASSWORD_UNREADABLE, DATABASE_TOO_OLD, DATABASE_SCHEMA_UNKNOWN (made by newer
 * code), DATABASE_FULL, or DATABASE_ERROR_ with the SQLSTATE. Never shows what the server said: it may quote a row.
 */
export class DatabaseTrouble extends Error {
  override readonly name = 'DatabaseTrouble';

  constructor(
    readonly code: string,
    /** Where the server named one. */
    readonly sqlState?: string,
  ) {
    super(`the database is in the way: ${code}`);
  }
}

/** A statement was given up by its own deadline here. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
}

/** By SQLSTATE or its class (PostgreSQL's documentation, appendix A). */
const BY_STATE: Readonly<Record<string, string>> = {
  '25006': 'DATABASE_READ_ONLY',
  '25P03': 'DATABASE_SLOW',
  '57014': 'DATABASE_SLOW',
  '55P03': 'DATABASE_SLOW',
  '40P01': 'DATABASE_SLOW',
  '53300': 'DATABASE_UNREACHABLE',
  '57P01': 'DATABASE_UNREACHABLE',
  '57P02': 'DATABASE_UNREACHABLE',
  '57P03': 'DATABASE_UNREACHABLE',
  '57P05': 'DATABASE_UNREACHABLE',
  '08': 'DATABASE_UNREACHABLE',
  '42501': 'DATABASE_REFUSED',
  '28': 'DATABASE_REFUSED',
  '3D': 'DATABASE_REFUSED',
  '53': 'DATABASE_FULL',
};

/** SQLSTATE of what the server itself has said; undefined where it has said nothing. */
function sqlStateOf(error: unknown): string | undefined {
  const { code, severity } = error as { readonly code?: unknown; readonly severity?: unknown };
  return typeof code === 'string' && severity !== undefined ? code : undefined;
}

/** The driver refuses by itself: no password where one is needed, a server that cannot prove that it knows it. */
const isOfAuthentication = (error: unknown): boolean => String((error as { readonly message?: unknown }).message).startsWith('SASL');

export function troubleOf(error: unknown): DatabaseTrouble {
  if (error instanceof DatabaseTrouble) return error;
  if (error instanceof DeadlinePassed) return new DatabaseTrouble('DATABASE_SLOW');
  const state = sqlStateOf(error);
  if (state === undefined) return new DatabaseTrouble(isOfAuthentication(error) ? 'DATABASE_REFUSED' : 'DATABASE_UNREACHABLE');
  return new DatabaseTrouble(BY_STATE[state] ?? BY_STATE[state.slice(0, 2)] ?? `DATABASE_ERROR_${state}`, state);
}

/** True where the connection is of no use any more: the server has ended it, or nothing is known of what was sent. */
export function endsConnection(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === undefined || state.startsWith('57P') || state.startsWith('08') || state === '25P03';
}

const NO_TABLE: ReadonlySet<string | undefined> = new Set(['42P01', '3F000']);

/** What a question is refused with. */
export function refusalOf(error: unknown): Error {
  const { code, sqlState } = troubleOf(error);
  if (code === 'DATABASE_SLOW') return readModelsTimeout();
  if (NO_TABLE.has(sqlState)) return new DomainError('READ_MODEL_NOT_READY', 'unavailable', 'the read model is being built: try again later');
  return sqlState === undefined || !code.startsWith('DATABASE_ERROR_') ? readModelsDown() : new DatabaseTrouble(code, sqlState);
}
