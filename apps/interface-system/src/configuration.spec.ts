import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { checkEnvironmentExample } from '#libs/platform';
import { InterfaceSystemConfiguration } from './configuration.js';

describe('the configuration of an interface system', () => {
  it('is shown whole by .env.example', () => {
    expect(checkEnvironmentExample(InterfaceSystemConfiguration, readFileSync('apps/interface-system/.env.example', 'utf8'))).toEqual([]);
  });
});
