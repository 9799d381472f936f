import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { checkEnvironmentExample, loadConfiguration } from '#libs/platform';
import { IntermediateServerConfiguration } from './configuration.js';

// tests run in dist/, the example lies beside the sources
const EXAMPLE = readFileSync(join(import.meta.dirname, '../../../../apps/intermediate-server/.env.example'), 'utf8');

describe('the configuration of an intermediate server', () => {
  it('is what .env.example says', () => {
    expect(checkEnvironmentExample(IntermediateServerConfiguration, EXAMPLE)).toEqual([]);
  });

  it('lists all that is missing or wrong, without values', () => {
    const load = (): object => loadConfiguration(IntermediateServerConfiguration, { SERVER_ID: 'NOT AN ID', PORT: '99999' });
    expect(load).toThrow(/SERVER_ID[\s\S]*DATA_DIRECTORY|DATA_DIRECTORY[\s\S]*SERVER_ID/);
    expect(load).not.toThrow(/NOT AN ID/);
  });
});
