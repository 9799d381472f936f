import type { Command } from 'commander';
import { dictionary } from '#libs/terminal';
import type { Session } from '../command-line/session.js';
import { handedOver } from '../sandbox/handed-over.js';

const texts = dictionary({
  en: {
    simulate: "a nation's load from a seed, in the source's proportions (see: renkei simulate --help)",
    missing: 'there is no sandbox in this build',
  },
  ja: {
    simulate: '資料の割合に従う情報連携をシードから作る（renkei simulate --help を参照）',
    missing: 'このビルドにサンドボックスはありません',
  },
});

export function simulateCommand(session: Session): Command {
  const { simulate: about, missing } = texts(session.language);
  return handedOver(session, 'simulate', 'simulate/main.js', { about, missing });
}
