import { describe, expect, it } from '@jest/globals';
import { DomainError } from '#libs/kernel';
import { correlated } from './correlation.js';
import { Log, type LogFields, type LogLevel } from './log.js';
import { NestLog } from './nest-log.js';

function logged(level: LogLevel, write: (log: Log) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(Log.create({ app: 'demo', level, stream: { write: (line: string) => void lines.push(line) } }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('a log line', () => {
  it('is JSON with level, time, app and the correlation id of what runs', () => {
    const [line] = logged('info', (log) => correlated('c-1', () => log.info('started', { lines: 3 })));
    expect(line).toMatchObject({ level: 'info', app: 'demo', msg: 'started', lines: 3, correlationId: 'c-1' });
    expect(String(line?.['time'])).toMatch(/^\d{4}-.*Z$/);
  });

  it('drops fields that are not allowed, and values of another type', () => {
    const fields = { individualNumber: '123456789018', lines: '123456789018', agency: { token: 'x' }, code: 'X' } as unknown as LogFields;
    const [line] = logged('info', (log) => log.info('x', fields));
    expect(JSON.stringify(line)).not.toMatch(/123456789018|token/);
    expect(line).toMatchObject({ code: 'X' });
  });

  it('tells name, code and place of an error, its message only where it repeats no input', () => {
    const [foreign, own] = logged('info', (log) => {
      let parse: unknown;
      try {
        JSON.parse('{"number":123456789018');
      } catch (error) {
        parse = error;
      }
      log.error('x', { error: new Error('bad value 123456789018', { cause: parse }) });
      log.error('x', { error: new DomainError('STORE_FULL', 'unavailable', 'the disk is full') });
    });
    expect(JSON.stringify(foreign)).not.toContain('123456789018');
    expect(foreign?.['error']).toMatchObject({ name: 'Error', cause: { name: 'SyntaxError' } });
    expect((foreign?.['error'] as { at: string[] }).at[0]).toContain('log.spec');
    expect(own?.['error']).toMatchObject({ code: 'STORE_FULL', message: 'the disk is full' });
  });

  it('comes from Nest in the same form', () => {
    const lines = logged('debug', (log) => {
      const nest = new NestLog(log);
      nest.log('Mapped', 'RouterExplorer');
      nest.error(new Error('secret'));
    });
    expect(lines).toMatchObject([
      { level: 'debug', msg: 'Mapped', context: 'RouterExplorer' },
      { level: 'error', msg: 'Nest', error: { name: 'Error' } },
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('is not written below its level', () => {
    expect(logged('warn', (log) => log.info('x'))).toEqual([]);
  });
});
