import type { Session } from '../command-line/session.js';
import { parseWholeNumber } from '../names/parse.js';

const WAIT_S_MAX = 86_400;

/** Milliseconds of `--wait <seconds>`; 0 where it is left out. Throws UsageError. */
export const waitMsOf = (wait: string | undefined, session: Session): number =>
  wait === undefined ? 0 : parseWholeNumber('--wait', wait, { min: 0, max: WAIT_S_MAX }, session.language) * 1_000;
