import { describe, expect, it } from '@jest/globals';
import { projectionsOf } from '../models-of-party.js';
import { isModelsUrl, modelsLocation } from '../models-location.js';
import { lockKeyOf, schemaOf } from './schema.js';
import { troubleOf } from './trouble.js';

const [exchanges] = projectionsOf.core;
const schema = (deployment: string, party: string): string => schemaOf({ deployment, party }, exchanges as never);

describe('the schema of a projection', () => {
  it('says whose it is', () => {
    expect(schema('renkei.example', 'core')).toBe('renkei.example_core_exchanges_v1');
  });

  it('is another for every deployment and party, and never longer than a name may be', () => {
    const parties = [
      ['a', 'b_c'],
      ['a_b', 'c'],
      ['A', 'b'],
      ['a', 'b'],
      ['a', '"; drop schema public; --'],
      ['d'.repeat(100), 'core'],
      ['d'.repeat(100), 'cora'],
    ] as const;
    const names = parties.map(([deployment, party]) => schema(deployment, party));
    expect(new Set(names).size).toBe(parties.length);
    expect(new Set(names.map(lockKeyOf)).size).toBe(parties.length);
    for (const name of names) {
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
      expect(name).toMatch(/^[a-z0-9._-]+$/);
    }
  });
});

describe('where read models are', () => {
  const at = { dataDirectory: '/data', deployment: 'd', party: 'p' };
  it('is a directory where nothing is said, else a database', () => {
    expect(modelsLocation(at)).toEqual({ kind: 'sqlite', directory: '/data/read-models' });
    const location = { kind: 'postgres', url: 'postgres://u@h/d', passwordFile: 'f', deployment: 'd', party: 'p' };
    expect(modelsLocation({ ...at, url: 'postgres://u@h/d', passwordFile: 'f' })).toEqual(location);
  });

  it.each(['postgres://u@h', 'http://h/d', 'h/d', ''])('is not %s', (url) => {
    expect(isModelsUrl(url)).toBe(false);
    expect(() => modelsLocation({ ...at, url })).toThrow(expect.objectContaining({ code: 'READ_MODELS_URL_INVALID' }));
  });
});

describe('trouble with a database', () => {
  it.each([
    [{ code: 'ECONNREFUSED' }, 'DATABASE_UNREACHABLE'],
    [{ message: 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string' }, 'DATABASE_REFUSED'],
    [{ code: 'EPIPE' }, 'DATABASE_UNREACHABLE'],
    [{ code: '57P01', severity: 'FATAL' }, 'DATABASE_UNREACHABLE'],
    [{ code: '08006', severity: 'FATAL' }, 'DATABASE_UNREACHABLE'],
    [{ code: '53300', severity: 'FATAL' }, 'DATABASE_UNREACHABLE'],
    [{ code: '53100', severity: 'ERROR' }, 'DATABASE_FULL'],
    [{ code: '57014', severity: 'ERROR' }, 'DATABASE_SLOW'],
    [{ code: '28P01', severity: 'FATAL' }, 'DATABASE_REFUSED'],
    [{ code: '3D000', severity: 'FATAL' }, 'DATABASE_REFUSED'],
    [{ code: '42501', severity: 'ERROR' }, 'DATABASE_REFUSED'],
    [{ code: '25006', severity: 'ERROR' }, 'DATABASE_READ_ONLY'],
    [{ code: '23505', severity: 'ERROR', detail: 'Key (x)=(secret)' }, 'DATABASE_ERROR_23505'],
  ])('has a code, and shows nothing of what the server said: %j', (error, code) => {
    const trouble = troubleOf(error);
    expect(trouble.code).toBe(code);
    expect(`${trouble.message} ${JSON.stringify(trouble)}`).not.toContain('secret');
  });
});
