import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { checkEnvironmentExample } from '#libs/platform';
import { ResidentRegistryConfiguration } from './configuration.js';

describe('the configuration of a resident registry', () => {
  it('is shown whole by .env.example', () => {
    expect(checkEnvironmentExample(ResidentRegistryConfiguration, readFileSync('apps/resident-registry/.env.example', 'utf8'))).toEqual([]);
  });
});
