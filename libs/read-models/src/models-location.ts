import { join } from 'node:path';
import { DomainError } from '#libs/kernel';

/** Files of their own in a directory that is one process's alone; made if it is missing. */
export interface SqliteLocation {
  readonly kind: 'sqlite';
  readonly directory: string;
}

/** A PostgreSQL database, which several processes of a party, and several parties, may share. */
export interface PostgresLocation {
  readonly kind: 'postgres';
  /** `postgres://user@host:port/database?sslmode=…`; holds the password where there is no file. Never shown. */
  readonly url: string;
  /** File whose first line is the password; read for each new connection, so that it may be changed under way. */
  readonly passwordFile?: string;
  readonly deployment: string;
  readonly party: string;
}

/** Where the read models of one party are. Plain data: it crosses threads. */
export type ModelsLocation = SqliteLocation | PostgresLocation;

const SCHEMES: ReadonlySet<string> = new Set(['postgres:', 'postgresql:']);

/** True where this can be READ_MODELS: a URL of a PostgreSQL database. */
export function isModelsUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && SCHEMES.has(url.protocol) && url.hostname !== '' && url.pathname.length > 1;
}

/** A database for read models, as it is configured. */
export interface ModelsDatabase {
  /** READ_MODELS. */
  readonly url?: string | undefined;
  /** READ_MODELS_PASSWORD_FILE. */
  readonly passwordFile?: string | undefined;
}

/** The place that the configuration names: SQLite files below the data directory where `url` is left out. Throws READ_MODELS_URL_INVALID. */
export function modelsLocation({
  url,
  passwordFile,
  dataDirectory,
  deployment,
  party,
}: ModelsDatabase & { readonly dataDirectory: string; readonly deployment: string; readonly party: string }): ModelsLocation {
  if (url === undefined) return { kind: 'sqlite', directory: join(dataDirectory, 'read-models') };
  if (!isModelsUrl(url)) throw new DomainError('READ_MODELS_URL_INVALID', 'invalid', 'the read models need a URL like postgres://user@host:5432/database');
  return { kind: 'postgres', url, deployment, party, ...(passwordFile === undefined ? {} : { passwordFile }) };
}
