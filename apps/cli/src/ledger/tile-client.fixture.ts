import { createHash, createPublicKey, verify } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * A reader of an exported log, written from the specifications alone (C2SP signed-note, tlog-checkpoint, tlog-tiles, RFC 6962):
 * it uses nothing of Renkei's. Throws an Error that says what does not hold.
 */
const sha256 = (...parts: readonly Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const leafHash = (entry: Uint8Array): Buffer => sha256(Buffer.of(0), entry);
const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Buffer.of(1), left, right);

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** Base64 in its one canonical form (RFC 4648 §3.5): Node's own decoder takes more. */
function base64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  must(bytes.toString('base64') === text, 'this is not canonical base64');
  return bytes;
}

/** MTH of RFC 6962 §2.1, straight from its definition. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0] as Buffer;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)));
}

/** `— name base64(key id ‖ signature)`, for the key of each line of `vkey`. */
function verifiedText(directory: string): { readonly text: string; readonly signedBy: readonly string[] } {
  const note = readFileSync(join(directory, 'checkpoint'), 'utf8');
  const end = note.lastIndexOf('\n\n');
  const text = note.slice(0, end + 1);
  const lines = note
    .slice(end + 2)
    .trimEnd()
    .split('\n');
  const keys = readFileSync(join(directory, 'vkey'), 'utf8').slice(0, -1).split('\n');
  const signedBy = keys.map((encoded) => {
    const [, name = '', id = '', keyText = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(encoded) ?? [];
    const key = base64(keyText);
    must(key.length === 33 && key[0] === 1, 'the verifier key is no Ed25519 key');
    must(
      sha256(Buffer.from(`${name}\n`), key)
        .subarray(0, 4)
        .toString('hex') === id,
      'the key id is not that of the key',
    );
    const signatures = lines.map((line) => /^— (\S+) (\S+)$/.exec(line) ?? []).filter(([, signer]) => signer === name);
    const signature = signatures.map(([, , text64 = '']) => base64(text64)).find((bytes) => bytes.subarray(0, 4).toString('hex') === id);
    must(signature !== undefined, 'the key has not signed the checkpoint');
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key.subarray(1).toString('base64url') }, format: 'jwk' });
    must(verify(null, Buffer.from(text), publicKey, signature.subarray(4)), 'the signature does not hold');
    must(text.startsWith(`${name}\n`), 'the key is of another log');
    return encoded;
  });
  return { text, signedBy };
}

const pathOf = (level: string, index: number, width: number): string => {
  const groups = [String(index % 1_000).padStart(3, '0')];
  for (let rest = Math.floor(index / 1_000); rest > 0; rest = Math.floor(rest / 1_000)) groups.unshift(`x${String(rest % 1_000).padStart(3, '0')}`);
  return join('tile', level, ...groups) + (width === 256 ? '' : `.p/${width}`);
};

function entriesOf(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let offset = 0; offset < bundle.length;) {
    const length = bundle.readUInt16BE(offset);
    must(offset + 2 + length <= bundle.length, 'a bundle of entries is cut off');
    entries.push(bundle.subarray(offset + 2, offset + 2 + length));
    offset += 2 + length;
  }
  return entries;
}

const split = (tile: Buffer): Buffer[] => Array.from({ length: tile.length / 32 }, (_, at) => tile.subarray(at * 32, at * 32 + 32));

export interface ReadLog {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  readonly signedBy: readonly string[];
  readonly entries: readonly Buffer[];
  readonly levels: number;
}

/** Reads and checks everything that there is: signatures, every tile of every level, every entry, and that no other file is there. */
export function readLogDirectory(directory: string): ReadLog {
  const { text, signedBy } = verifiedText(directory);
  const [origin = '', sizeText = '', root = ''] = text.split('\n');
  const size = Number(sizeText);
  const files = new Set(['checkpoint', 'vkey']);
  const read = (path: string): Buffer => {
    must(existsSync(join(directory, path)), `${path} is missing`);
    files.add(path);
    return readFileSync(join(directory, path));
  };
  const entries: Buffer[] = [];
  let hashes: Buffer[] = [];
  for (let index = 0; index * 256 < size; index += 1) {
    const width = Math.min(256, size - index * 256);
    const bundle = entriesOf(read(pathOf('entries', index, width)));
    const tile = read(pathOf('0', index, width));
    must(bundle.length === width && tile.length === width * 32, `tile ${index} has another width`);
    must(Buffer.concat(bundle.map(leafHash)).equals(tile), `the entries of bundle ${index} are not its leaves`);
    entries.push(...bundle);
    hashes.push(...split(tile));
  }
  must(treeHash(hashes).toString('base64') === root, 'the leaves do not lead to the root');
  let levels = size > 0 ? 1 : 0;
  for (let level = 1; hashes.length >= 256; level += 1) {
    const above = Array.from({ length: Math.floor(hashes.length / 256) }, (_, at) => treeHash(hashes.slice(at * 256, at * 256 + 256)));
    for (let index = 0; index * 256 < above.length; index += 1) {
      const own = above.slice(index * 256, index * 256 + 256);
      must(Buffer.concat(own).equals(read(pathOf(String(level), index, own.length))), `tile ${index} of level ${level} is not what is below it`);
    }
    hashes = above;
    levels += 1;
  }
  const found = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const file of found) must(files.has(relative(directory, join(file.parentPath, file.name))), `${file.name} belongs to no tree`);
  return { origin, size, root, signedBy, entries, levels };
}
