import { HASH_BYTES } from '../tree/hasher.js';
import { fromBase64, toBase64 } from './base64.js';

/** What a log commits to (C2SP tlog-checkpoint): origin, tree size, root hash, and extension lines, of which Renkei writes none. */
export interface Checkpoint {
  /** `<deployment>/<party>/<log epoch>` (format.md §9). */
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

export const formatCheckpoint = ({ origin, size, root }: Checkpoint): string => `${origin}\n${size}\n${toBase64(root)}\n`;

/** Undefined for what is no checkpoint in its one canonical form. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [origin = '', sizeText = '', rootText = '', ...rest] = text.split('\n');
  const size = Number(sizeText);
  const root = fromBase64(rootText);
  if (origin === '' || !/^(0|[1-9][0-9]*)$/.test(sizeText) || !Number.isSafeInteger(size) || root?.length !== HASH_BYTES) return undefined;
  if (rest.at(-1) !== '' || rest.slice(0, -1).includes('')) return undefined;
  return { origin, size, root };
}

/** What a witness signs (C2SP tlog-cosignature): the time in seconds, then the checkpoint's text. */
export const cosignedMessage = (checkpointText: string, timeSeconds: number): Uint8Array =>
  new TextEncoder().encode(`cosignature/v1\ntime ${timeSeconds}\n${checkpointText}`);
