import type { Command } from 'commander';
import { dictionary } from '#libs/terminal';
import type { Session } from '../command-line/session.js';
import { handedOver } from './handed-over.js';

const texts = dictionary({
  en: {
    sandbox: 'the whole nation on this machine; all options go to the sandbox (see: renkei sandbox --help)',
    missing: 'there is no sandbox in this build',
  },
  ja: {
    sandbox: '一台の上の全国。オプションはすべてサンドボックスに渡す（renkei sandbox --help を参照）',
    missing: 'このビルドにサンドボックスはありません',
  },
});

export function sandboxCommand(session: Session): Command {
  const { sandbox: about, missing } = texts(session.language);
  return handedOver(session, 'sandbox', 'main.js', { about, missing });
}
