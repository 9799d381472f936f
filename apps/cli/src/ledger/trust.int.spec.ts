import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { ledgerKeyOf } from '#libs/commands';
import { SigningKey } from '#libs/cryptography';
import { Callers, createHttpApp, IsLines, IsServerId, IsText, Log, TokenVerifier } from '#libs/platform';
import { answerLines, failed, type LineOutcome, succeeded } from '#libs/protocol';
import { DomainError } from '#libs/kernel';
import { type RunInProcess, runInProcess } from '../program.fixture.js';

const keyOf = (origin: string): string => ledgerKeyOf(SigningKey.generate(), origin);
const errorOf = ({ status, stderr }: RunInProcess): object => ({ status, ...(JSON.parse(stderr) as { readonly error: object }).error });

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'renkei-trust-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('renkei ledger trust', () => {
  const trust = (key: string): Promise<RunInProcess> => runInProcess(['ledger', 'trust', '--interface-system-data', directory, '--vkey', key, '--json']);
  const file = (): string => readFileSync(join(directory, 'trusted-keys'), 'utf8');

  it('adds a key to those that the interface system trusts, once', async () => {
    const [one, two] = [keyOf('test.example/core/1'), keyOf('test.example/core/2')];
    expect(JSON.parse((await trust(one)).stdout)).toEqual({ key: one, file: join(directory, 'trusted-keys'), added: true });
    expect(file()).toBe(`${one}\n`);
    writeFileSync(join(directory, 'trusted-keys'), `# by hand\n${one}`); // without its last newline
    expect((await trust(two)).status).toBe(0);
    expect(JSON.parse((await trust(two)).stdout)).toMatchObject({ added: false });
    expect(file()).toBe(`# by hand\n${one}\n${two}\n`);
    expect(readdirSync(directory)).toEqual(['trusted-keys']);
  });

  it.each([
    ['no key', 'nonsense'],
    ['a key whose id is not its own', keyOf('test.example/core/1').replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['a key of no log', keyOf('somebody')],
  ])('refuses %s', async (_what, key) => {
    expect(errorOf(await trust(key))).toMatchObject({ status: 2, option: '--vkey' });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('refuses a directory that there is not', async () => {
    directory = join(directory, 'missing');
    expect(errorOf(await trust(keyOf('test.example/core/1')))).toMatchObject({ status: 2, code: 'ENOENT' });
    directory = join(directory, '..');
  });
});

class LogKeyLine {
  @IsServerId() readonly server!: string;
  @IsText({ max: 512 }) readonly key!: string;
}
class LogKeysRequest {
  @IsLines(() => LogKeyLine) readonly lines!: unknown[];
}
const accepted: LogKeyLine[] = [];

@Controller('operations')
@Callers('operator')
class LogKeysController {
  @Post('log-keys')
  @HttpCode(200)
  logKeys(@Body() { lines }: LogKeysRequest) {
    return answerLines(LogKeyLine, lines, (valid) =>
      Promise.resolve(
        valid.map((line): LineOutcome<{ readonly changed: boolean }> => {
          if (line.server === 'is-north') return failed(new DomainError('SERVER_NOT_FOUND', 'not-found', 'there is no such server'));
          const changed = !accepted.some(({ key }) => key === line.key);
          accepted.push(line);
          return succeeded({ changed });
        }),
      ),
    );
  }
}
@Module({ controllers: [LogKeysController] })
class CoreModule {}

describe('renkei ledger accept-epoch', () => {
  it('has the core accept the key, in the operator’s name, and tells what it refuses', async () => {
    const operator = SigningKey.generate();
    operator.save(directory);
    const app = await createHttpApp(CoreModule, {
      title: 'core',
      description: 'as far as log keys go',
      version: '1',
      host: '127.0.0.1',
      port: 0,
      log: Log.create({ app: 'test', level: 'silent' }),
      tokens: new TokenVerifier({ audience: 'core', keyOf: () => ({ kind: 'operator', publicKey: operator.verification.publicKey }) }),
    });
    const accept = (server: string, key: string): Promise<RunInProcess> =>
      runInProcess(['ledger', 'accept-epoch', '--server', server, '--vkey', key, '--core', app.address, '--operator', 'alice', '--key', directory, '--json']);
    const key = keyOf('test.example/is-east/2');
    expect(JSON.parse((await accept('is-east', key)).stdout)).toEqual({ server: 'is-east', key, changed: true });
    expect(accepted).toEqual([{ server: 'is-east', key }]);
    expect(JSON.parse((await accept('is-east', key)).stdout)).toMatchObject({ changed: false });
    expect(errorOf(await accept('is-north', key))).toMatchObject({ status: 1, code: 'SERVER_NOT_FOUND' });
    expect(errorOf(await accept('Not A Server', key))).toMatchObject({ status: 2, option: '--server' });
    expect(errorOf(await accept('is-east', 'nonsense'))).toMatchObject({ status: 2, option: '--vkey' });
    await app.close();
  });
});
