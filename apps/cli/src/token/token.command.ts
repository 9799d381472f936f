import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { dictionary } from '#libs/terminal';
import { choice, command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { type ConnectionOptions, connectionOf, connectionOptions } from '../connection/settings.js';

const METHODS = ['GET', 'POST'] as const;

const texts = dictionary({
  en: {
    token: 'makes a token that is good for one request, and the curl line that sends it',
    method: 'method of the request',
    path: 'path with its query, e.g. /results?limit=10',
    body: 'file with the body: the token holds for these bytes alone',
    badPath: '--path: begins with /, and holds neither blanks nor a fragment',
    bodyless: '--body: a GET has no body',
    needsBody: '--body: is needed for a POST',
    valid: 'Good once, for half a minute:',
  },
  ja: {
    token: '一回の要求に使えるトークンと、それを送る curl の行を作る',
    method: '要求のメソッド',
    path: '経路とその問合せ部分、例 /results?limit=10',
    body: '本文のファイル。トークンはこの内容に限り有効',
    badPath: '--path: / で始め、空白や # を含めないでください',
    bodyless: '--body: GET に本文はありません',
    needsBody: '--body: POST には必要です',
    valid: '一度だけ、30秒間有効:',
  },
});

interface TokenOptions extends ConnectionOptions {
  readonly method: (typeof METHODS)[number];
  readonly path: string;
  readonly body?: string;
}

/** A text as one word of a POSIX shell. */
export const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

export function tokenCommand(session: Session): Command {
  const say = texts(session.language);
  return command<TokenOptions>(
    session,
    'token',
    say.token,
    (made) =>
      connectionOptions(
        made
          .addOption(choice('--method <method>', say.method, METHODS).default('GET'))
          .requiredOption('--path <path>', say.path)
          .option('--body <file>', say.body),
        session,
      ),
    async (options) => {
      const { method, path, body } = options;
      if (!/^\/[^\s#]*$/.test(path)) throw new UsageError('--path', 'a path', say.badPath);
      if (method === 'GET' && body !== undefined) throw new UsageError('--body', 'POST only', say.bodyless);
      if (method === 'POST' && body === undefined) throw new UsageError('--body', 'given', say.needsBody);
      const { agency, server, baseUrl, keyId, privateKey } = connectionOf(options, session);
      const { TokenSigner } = await import('#libs/platform'); // slow to load: only where it is needed
      const signer = new TokenSigner({ issuer: agency, keyId, privateKey });
      const token = await signer.sign(server, { method, path, body: body === undefined ? new Uint8Array(0) : readFileSync(body) });
      const address = `${baseUrl.replace(/\/$/, '')}${path}`;
      const sent = body === undefined ? [] : ['-H', 'content-type: application/json', '--data-binary', `@${body}`];
      const curl = ['curl', '-sS', ...(method === 'GET' ? [] : ['-X', method]), '-H', `authorization: Bearer ${token}`, ...sent, address]
        .map(shellWord)
        .join(' ');
      session.answer({ token, curl }, (out) => out.line(curl)); // in one piece, to be copied
      session.note(say.valid);
      return EXIT.done;
    },
  );
}
