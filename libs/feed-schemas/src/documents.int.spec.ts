import { readdirSync, readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';
import { describe, expect, it } from '@jest/globals';
import { generatedFiles } from './generated-files.js';
import { type GoldenMessage, goldenMessageOf } from './golden.js';
import { FEED_TYPES, fromJson, fromKafkaMessage } from './index.js';

const LIB = 'libs/feed-schemas';
const read = (path: string): unknown => JSON.parse(readFileSync(`${LIB}/${path}`, 'utf8'));
const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64');

describe('the documents of the feed', () => {
  it.each([...generatedFiles()])('%s is what the types say', (path, content) => {
    expect(read(path)).toEqual(JSON.parse(JSON.stringify(content)));
  });

  it('hold no schema of a type that is no more', () => {
    expect(readdirSync(`${LIB}/schemas`).sort()).toEqual(FEED_TYPES.map((type) => `${type}.schema.json`).sort());
  });

  it('are a valid AsyncAPI 3 document, without a warning', async () => {
    const { document, diagnostics } = await new Parser().parse(readFileSync(`${LIB}/asyncapi.json`, 'utf8'));
    const found = diagnostics.filter(({ code }) => code !== 'asyncapi-latest-version'); // 3.0.0 is what consumers' tools know
    expect(found.map(({ code, message, path }) => `${code} ${path.join('.')} ${message}`)).toEqual([]);
    const [operation] = document?.operations().all() ?? [];
    expect(operation?.action()).toBe('receive');
    expect(
      operation
        ?.messages()
        .all()
        .map((message) => message.name())
        .sort(),
    ).toEqual([...FEED_TYPES].sort());
  });

  it('are told from one that is not valid', async () => {
    const { channels: _none, ...rest } = read('asyncapi.json') as Record<string, unknown>;
    const { diagnostics } = await new Parser().parse(JSON.stringify(rest));
    expect(diagnostics.filter(({ severity }) => severity === 0)).not.toEqual([]);
  });
});

describe('the golden messages', () => {
  it('are there for every type', () => {
    expect(
      readdirSync(`${LIB}/golden`)
        .filter((name) => name.startsWith('renkei.'))
        .sort(),
    ).toEqual(FEED_TYPES.map((type) => `${type}.json`).sort());
  });

  it.each(FEED_TYPES)('of %s are read, and written again byte for byte', (type) => {
    const { messages } = read(`golden/${type}.json`) as { messages: readonly GoldenMessage[] };
    expect(messages.length).toBeGreaterThanOrEqual(2);
    for (const { key, headers, value, timestamp, event } of messages) {
      const inBytes = Object.fromEntries(Object.entries(headers).map(([name, base64]) => [name, bytes(base64)]));
      const found = fromKafkaMessage({ key: bytes(key), value: bytes(value), headers: inBytes });
      expect(found).toEqual(event);
      expect(found.type).toBe(type);
      expect(fromJson(JSON.stringify(event))).toEqual(event);
      expect(goldenMessageOf(found)).toEqual({ key, headers, value, timestamp, event });
    }
  });
});
