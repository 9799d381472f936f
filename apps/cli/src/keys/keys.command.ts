import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { SigningKey } from '#libs/cryptography';
import { dictionary } from '#libs/terminal';
import { command, commandGroup } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { printFacts } from '../command-line/facts.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { KEY_FILE, readPrivateKey } from '../connection/private-key.js';

const texts = dictionary({
  en: {
    group: 'Ed25519 keys of an agency, an operator or a server',
    create: 'make a key; the public half goes to the core (AgencyKeyRotated)',
    show: 'the public half of a key',
    directory: 'directory of the key, mode 700; the key is its file signing-current.pem',
    exists: (file: string) => `--directory: ${file} exists already: a key is never overwritten`,
    keyId: 'Key id',
    publicKey: 'Public key',
    file: 'File',
  },
  ja: {
    group: '機関、運用者又はサーバーの Ed25519 鍵',
    create: '鍵を作る。公開鍵はコアシステムに登録する（AgencyKeyRotated）',
    show: '鍵の公開側',
    directory: '鍵のディレクトリ（モード700）。鍵はその中の signing-current.pem',
    exists: (file) => `--directory: ${file} はすでにあります。鍵が上書きされることはありません`,
    keyId: '鍵の名',
    publicKey: '公開鍵',
    file: 'ファイル',
  },
});

interface KeyOptions {
  readonly directory: string;
}

function answerKey(file: string, { keyId, publicText }: { readonly keyId: string; readonly publicText: string }, session: Session): void {
  const say = texts(session.language);
  session.answer({ keyId, publicKey: publicText, file }, (out) =>
    printFacts(out, [
      [say.keyId, keyId],
      [say.publicKey, publicText],
      [say.file, file],
    ]),
  );
}

export function keysCommand(session: Session): Command {
  const say = texts(session.language);
  const create = command<KeyOptions>(
    session,
    'create',
    say.create,
    (made) => made.requiredOption('--directory <path>', say.directory),
    ({ directory }) => {
      const file = join(directory, KEY_FILE);
      if (existsSync(file)) throw new UsageError('--directory', 'no key there yet', say.exists(file));
      const key = SigningKey.generate();
      key.save(directory);
      answerKey(file, key, session);
      return EXIT.done;
    },
  );
  const show = command<KeyOptions>(
    session,
    'show',
    say.show,
    (made) => made.requiredOption('--directory <path>', say.directory),
    ({ directory }) => {
      answerKey(join(directory, KEY_FILE), readPrivateKey('--directory', directory, session.language), session);
      return EXIT.done;
    },
  );
  return commandGroup(session, 'keys', say.group, [create, show]);
}
