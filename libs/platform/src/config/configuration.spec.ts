import { describe, expect, it } from '@jest/globals';
import { LOG_LEVELS } from '../logging/log.js';
import { IsFlag, IsHttpAddress, IsNamedKeys, IsOneOf, IsText, IsWholeNumber, MayBeOmitted } from '../validation/decorators.js';
import { namedKeys } from '../validation/rules.js';
import { checkEnvironmentExample, ConfigurationError, FromVariable, loadConfiguration } from './configuration.js';

class BaseConfiguration {
  @FromVariable('LOG_LEVEL') @IsOneOf(LOG_LEVELS) logLevel = 'info';
}
class DemoConfiguration extends BaseConfiguration {
  @FromVariable('PORT') @IsWholeNumber({ min: 0, max: 65_535 }) port = 7101;
  @FromVariable('CORE_ADDRESS') @IsHttpAddress() coreAddress!: string;
  @FromVariable('TRIAL') @IsFlag() trial = false;
  @FromVariable('NOTE') @MayBeOmitted() @IsText({ max: 5 }) note?: string;
}

describe('configuration', () => {
  it('is read from the environment, with defaults', () => {
    expect(loadConfiguration(DemoConfiguration, { CORE_ADDRESS: 'http://core:1', PORT: '80', TRIAL: 'true', NOTE: '', PATH: '/bin' })).toEqual({
      port: 80,
      coreAddress: 'http://core:1',
      trial: true,
      logLevel: 'info',
    });
  });

  it('is refused with every bad variable by name and rule, and no value', () => {
    const load = (): unknown => loadConfiguration(DemoConfiguration, { PORT: '99999', TRIAL: 'secret-1', LOG_LEVEL: 'secret-2', NOTE: 'secret-3' });
    expect(load).toThrow(ConfigurationError);
    let message = '';
    try {
      load();
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.split('\n').slice(1).sort()).toEqual([
      '  CORE_ADDRESS is missing',
      '  LOG_LEVEL must be one of silent, fatal, error, warn, info, debug, trace',
      '  NOTE must be well-formed text of 1 to 5 characters',
      '  PORT must be at most 65535',
      '  TRIAL must be true or false',
    ]);
    expect(message).not.toContain('secret');
  });

  it('has an example that is held true', () => {
    expect(
      checkEnvironmentExample(DemoConfiguration, '# the demo\nLOG_LEVEL=info\nPORT=7101\nCORE_ADDRESS=http://127.0.0.1:7100\n# TRIAL=true\n# NOTE=hello\n'),
    ).toEqual([]);
    expect([...checkEnvironmentExample(DemoConfiguration, 'LOG_LEVEL=info\nPORT=x\nOLD=1\nTRIAL=true\n')].sort()).toEqual([
      'CORE_ADDRESS is missing',
      'CORE_ADDRESS is missing (as it stands)',
      'CORE_ADDRESS is missing (with everything uncommented)',
      'NOTE is missing',
      'OLD is read by nobody',
      'PORT must be a whole number (as it stands)',
      'PORT must be a whole number (with everything uncommented)',
    ]);
  });
});

describe('keys by name', () => {
  class KeysConfiguration {
    @FromVariable('AUDITORS') @MayBeOmitted() @IsNamedKeys() auditors?: string;
  }
  const [one, two] = ['A'.repeat(43), 'B'.repeat(43)];

  it('are who may operate or audit a server', () => {
    const { auditors } = loadConfiguration(KeysConfiguration, { AUDITORS: `board:${one},court-2:${two}` });
    expect(namedKeys(auditors)).toEqual({ board: one, 'court-2': two });
    expect(namedKeys(loadConfiguration(KeysConfiguration, { AUDITORS: '' }).auditors)).toEqual({});
  });

  it.each([
    'board',
    `board:${one}A`,
    `Board:${one}`,
    `board:${one},`,
    `board:${one},board:${two}`,
    Array.from({ length: 51 }, (_, n) => `a${n}:${one}`).join(),
  ])('are refused as %j', (auditors) => expect(() => loadConfiguration(KeysConfiguration, { AUDITORS: auditors })).toThrow('AUDITORS must be name:key pairs'));
});
