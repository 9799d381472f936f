import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import canonicalize from 'canonicalize';
import { EventRegistry, type EventType } from '#libs/kernel';
import * as domain from './index.js';

/** Every event type that a folder of the domain exports, whoever adds one. */
const types = Object.entries(domain).flatMap(([name, value]) => (name.endsWith('EventTypes') ? [...(value as readonly EventType<string, never>[])] : []));
const byName = new Map(types.map((type) => [type.type, type]));
const registry = new EventRegistry([...byName.values()]);

/** One golden line a type and version, kept for ever: `<subject>/fixtures/<subject>-events.v<version>.jsonl`. */
const golden = readdirSync('libs/domain/src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.jsonl'))
  .flatMap((file) => readFileSync(`libs/domain/src/${file}`, 'utf8').trimEnd().split('\n'));

describe('stored events', () => {
  it('have a golden line each', () => {
    const shown = new Set(golden.map((line) => `${registry.decode(line).type} ${registry.decode(line).v}`));
    expect([...byName.values()].filter(({ type, version }) => !shown.has(`${type} ${version}`)).map(({ type }) => type)).toEqual([]);
    expect(byName.size).toBeGreaterThan(50);
  });

  it.each(golden.map((line) => [registry.decode(line).type, line]))('%s is decoded, and the newest version written again byte for byte', (_type, line) => {
    const { type, data, v, ...envelope } = registry.decode(line);
    if (v === registry.get(type).version) expect(registry.encode(envelope, { type, data })).toBe(line);
    expect(canonicalize(JSON.parse(line))).toBe(line);
  });
});
