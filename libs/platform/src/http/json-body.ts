import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { HttpRefused, refusalOfStatus } from './problem.js';

/** How deep arrays and objects of a body may nest. */
export const JSON_DEPTH_MAX = 32;

const refuse = (rule: string, message: string): never => {
  throw new HttpRefused(400, 'MALFORMED_JSON', 'invalid', `the body ${message}`, { field: 'body', rule });
};

/**
 * Refuses what JSON.parse lets pass: a name that stands twice in one object (two readers of the same signed bytes could
 * take different values), `__proto__`, and nesting past JSON_DEPTH_MAX. Expects text that JSON.parse has accepted.
 */
function checkNames(text: string): void {
  const objects: (Set<string> | undefined)[] = [];
  let index = 0;
  while (index < text.length) {
    const unit = text.charCodeAt(index);
    if (unit === 0x7b || unit === 0x5b) {
      objects.push(unit === 0x7b ? new Set() : undefined);
      if (objects.length > JSON_DEPTH_MAX) refuse('depth', `nests deeper than ${JSON_DEPTH_MAX}`);
    } else if (unit === 0x7d || unit === 0x5d) {
      objects.pop();
    } else if (unit === 0x22) {
      const end = endOfString(text, index);
      const names = objects.at(-1);
      if (names && isName(text, end)) {
        const name = JSON.parse(text.slice(index, end)) as string;
        if (name === '__proto__') refuse('forbidden-name', 'holds a name that is not allowed');
        if (names.has(name)) refuse('unique-names', 'holds a name twice in one object');
        names.add(name);
      }
      index = end;
      continue;
    }
    index += 1;
  }
}

/** Index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  for (;;) {
    const unit = text.charCodeAt(index);
    if (unit === 0x22) return index + 1;
    index += unit === 0x5c ? 2 : 1;
  }
}

/** True where a colon follows: the string was a name, not a value. */
function isName(text: string, end: number): boolean {
  let index = end;
  while (/\s/.test(text.charAt(index))) index += 1;
  return text.charCodeAt(index) === 0x3a;
}

/** `JSON.stringify`, or undefined where the value nests too deep for it. */
function written(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Strict JSON (RFC 8259, UTF-8, unique names). Throws MALFORMED_JSON with the rule that was broken. */
export function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return refuse('json', 'is empty');
  if (!isUtf8(bytes)) return refuse('utf-8', 'is not valid UTF-8');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // the parser's own message quotes the input: it is not passed on
    return refuse('json', 'is not JSON');
  }
  // What JSON.stringify wrote has no name twice, and programs send just that: the look at each name, three times as slow
  // as parsing, is saved for them. (Depth past what JSON.stringify can do takes the slow way; less is bounded by the
  // classes of bodies, which nest a few levels and refuse the rest.)
  if (written(value) !== text || text.includes('__proto__')) checkNames(text);
  return value;
}

/** Makes strict JSON the only body that a server takes, and keeps the raw bytes for the digest of the token. */
export function acceptJsonOnly(instance: FastifyInstance): void {
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
      const charset = /;\s*charset\s*=\s*"?([^;"\s]+)/i.exec(type)?.[1] ?? 'utf-8';
      if (!/^utf-?8$/i.test(charset) || encoding.toLowerCase() !== 'identity') throw refusalOfStatus(415);
      const bytes = body as Buffer;
      request.rawBody = bytes;
      done(null, parseJson(bytes));
    } catch (error) {
      done(error as Error);
    }
  });
}
