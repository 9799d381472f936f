import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import canonicalize from 'canonicalize';
import { EventRegistry } from '#libs/kernel';
import { agencyEventTypes } from '../agency/agency.events.js';
import { matrixEventTypes } from './matrix.events.js';

/** Built code runs from `dist/libs/domain/src/permission-matrix`; fixtures lie beside the sources. */
const SOURCES = new URL('../../../../../libs/domain/src/', import.meta.url);
const golden = ['agency/fixtures/register-events.v1.jsonl', 'permission-matrix/fixtures/law-events.v1.jsonl'].flatMap((file) =>
  readFileSync(new URL(file, SOURCES), 'utf8').trimEnd().split('\n'),
);
const types = [...agencyEventTypes, ...matrixEventTypes];
const registry = new EventRegistry(types);

describe('stored events of the register and the law', () => {
  it('have a golden line each', () => expect(new Set(golden.map((line) => registry.decode(line).type))).toEqual(new Set(types.map(({ type }) => type))));

  it.each(golden.map((line) => [registry.decode(line).type, line]))('%s is decoded, and written again byte for byte', (_type, line) => {
    const { type, data, v, ...envelope } = registry.decode(line);
    expect(v).toBe(1);
    expect(registry.encode(envelope, { type, data })).toBe(line);
    expect(canonicalize(JSON.parse(line))).toBe(line);
  });
});
