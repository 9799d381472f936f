import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { checkEnvironmentExample, ConfigurationError, loadConfiguration } from '#libs/platform';
import { CoreConfiguration } from './configuration.js';

describe('the configuration of the core', () => {
  it('is what its example says', () => {
    expect(checkEnvironmentExample(CoreConfiguration, readFileSync('apps/core/.env.example', 'utf8'))).toEqual([]);
  });
  it('names every variable that is missing or wrong, and shows no value', () => {
    const load = () => loadConfiguration(CoreConfiguration, { KEYS_DIRECTORY: 'keys', OPERATORS: 'alice', PORT: '70000' });
    expect(load).toThrow(ConfigurationError);
    try {
      load();
    } catch (error) {
      expect((error as Error).message).toMatch(/DATA_DIRECTORY[\s\S]*/);
      for (const name of ['PORT', 'OPERATORS']) expect((error as Error).message).toContain(name);
      expect((error as Error).message).not.toContain('70000');
    }
  });
});
