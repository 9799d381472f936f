import { destination, type DestinationStream, type Logger as Pino, pino, stdTimeFunctions } from 'pino';
import { isDomainError } from './domain-error-shape.js';
import { correlationId } from './correlation.js';

export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * The only fields a log line may carry. Public codes, counts and durations; nothing that could hold a person's number, an
 * identifier, a value, a key or a token. A field that is not here does not compile, and at run time it is dropped.
 */
export interface LogFields {
  readonly agency?: string;
  readonly server?: string;
  readonly party?: string;
  readonly code?: string;
  readonly kind?: string;
  readonly rule?: string;
  readonly method?: string;
  /** The template of a route (`/exchanges/:id`), never the path asked for. */
  readonly route?: string;
  readonly status?: number;
  readonly durationMs?: number;
  readonly lines?: number;
  readonly events?: number;
  readonly bytes?: number;
  readonly attempt?: number;
  readonly position?: string;
  readonly projection?: string;
  readonly address?: string;
  readonly signal?: string;
  readonly context?: string;
  readonly count?: number;
  readonly error?: unknown;
}

const TEXT_MAX = 200;
const ALLOWED: Readonly<Record<keyof LogFields, 'string' | 'number' | 'error'>> = {
  agency: 'string',
  server: 'string',
  party: 'string',
  code: 'string',
  kind: 'string',
  rule: 'string',
  method: 'string',
  route: 'string',
  status: 'number',
  durationMs: 'number',
  lines: 'number',
  events: 'number',
  bytes: 'number',
  attempt: 'number',
  position: 'string',
  projection: 'string',
  address: 'string',
  signal: 'string',
  context: 'string',
  count: 'number',
  error: 'error',
};

const CAUSES_MAX = 4;

/**
 * What may be said of an error: its name, code and where it was thrown; its message only where it is a DomainError, whose
 * messages never repeat input (a JSON or driver error's message does).
 */
export function describeError(error: unknown, depth = 0): Record<string, unknown> {
  if (typeof error !== 'object' || error === null) return { name: typeof error };
  const { name, code, syscall, stack, cause, message } = error as Partial<Record<string, unknown>>;
  const frames = typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line)) : [];
  return {
    name: typeof name === 'string' ? name.slice(0, TEXT_MAX) : 'object',
    ...(typeof code === 'string' ? { code: code.slice(0, TEXT_MAX) } : {}),
    ...(typeof syscall === 'string' ? { syscall } : {}),
    ...(isDomainError(error) ? { message: String(message).slice(0, TEXT_MAX * 2) } : {}),
    ...(frames.length > 0 ? { at: frames.slice(0, 8).map((line) => line.trim()) } : {}),
    ...(cause !== undefined && depth < CAUSES_MAX ? { cause: describeError(cause, depth + 1) } : {}),
  };
}

function allowed(fields: LogFields): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    const kind = Object.hasOwn(ALLOWED, name) ? ALLOWED[name as keyof LogFields] : undefined;
    if (kind === 'error') kept[name] = describeError(value);
    else if (kind === 'string' && typeof value === 'string') kept[name] = value.slice(0, TEXT_MAX);
    else if (kind === 'number' && typeof value === 'number') kept[name] = value;
  }
  return kept;
}

/** JSON lines on standard error. `message` is a fixed sentence: what varies goes into the fields. */
export class Log {
  private constructor(private readonly pino: Pino) {}

  static create(options: { readonly app: string; readonly level: LogLevel; readonly stream?: DestinationStream }): Log {
    return new Log(
      pino(
        {
          level: options.level,
          base: { app: options.app },
          timestamp: stdTimeFunctions.isoTime,
          formatters: { level: (level) => ({ level }) },
          mixin: () => {
            const id = correlationId();
            return id === undefined ? {} : { correlationId: id };
          },
        },
        options.stream ?? destination({ fd: 2, sync: true }),
      ),
    );
  }

  isEnabled(level: LogLevel): boolean {
    return this.pino.isLevelEnabled(level);
  }
  debug(message: string, fields: LogFields = {}): void {
    if (this.pino.isLevelEnabled('debug')) this.pino.debug(allowed(fields), message);
  }
  info(message: string, fields: LogFields = {}): void {
    if (this.pino.isLevelEnabled('info')) this.pino.info(allowed(fields), message);
  }
  warn(message: string, fields: LogFields = {}): void {
    if (this.pino.isLevelEnabled('warn')) this.pino.warn(allowed(fields), message);
  }
  error(message: string, fields: LogFields = {}): void {
    if (this.pino.isLevelEnabled('error')) this.pino.error(allowed(fields), message);
  }
  fatal(message: string, fields: LogFields = {}): void {
    if (this.pino.isLevelEnabled('fatal')) this.pino.fatal(allowed(fields), message);
  }
}
