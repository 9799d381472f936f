import type { LoggerService } from '@nestjs/common';
import type { Log } from './log.js';

const isText = (value: unknown): value is string => typeof value === 'string';

/** Nest's own messages in the same form. Nest says a line per route at start: those are told at debug. */
export class NestLog implements LoggerService {
  constructor(private readonly into: Log) {}

  log(message: unknown, ...rest: readonly unknown[]): void {
    this.into.debug(...this.line(message, rest));
  }
  debug(message: unknown, ...rest: readonly unknown[]): void {
    this.into.debug(...this.line(message, rest));
  }
  verbose(message: unknown, ...rest: readonly unknown[]): void {
    this.into.debug(...this.line(message, rest));
  }
  warn(message: unknown, ...rest: readonly unknown[]): void {
    this.into.warn(...this.line(message, rest));
  }
  error(message: unknown, ...rest: readonly unknown[]): void {
    this.into.error(...this.line(message, rest));
  }
  fatal(message: unknown, ...rest: readonly unknown[]): void {
    this.into.fatal(...this.line(message, rest));
  }

  private line(message: unknown, rest: readonly unknown[]): [string, { context?: string; error?: unknown }] {
    const context = rest.at(-1);
    return [isText(message) ? message : 'Nest', { ...(isText(context) ? { context } : {}), ...(isText(message) ? {} : { error: message }) }];
  }
}
