import { fromBase64, toBase64 } from './base64.js';

/**
 * Signed notes (C2SP signed-note): a text that ends in a newline, an empty line, and one line a signature,
 * `— <key name> base64(key id ‖ signature)`. Here and beside it nothing is imported from Node: browsers verify too.
 */
export interface NoteSignature {
  readonly name: string;
  /** Four bytes, big-endian. */
  readonly keyId: number;
  readonly signature: Uint8Array;
}
export interface SignedNote {
  /** With its last newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export const NOTE_BYTES_MAX = 65_536;
export const SIGNATURES_MAX = 100;
/** Kinds of signature, first byte of a verifier key (C2SP signed-note). */
export const ED25519 = 0x01;
export const COSIGNATURE_V1 = 0x04;

const KEY_ID_BYTES = 4;
const SIGNATURE_LINE = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u;

export function formatNote({ text, signatures }: SignedNote): string {
  return `${text}\n${signatures.map((signature) => `${formatSignature(signature)}\n`).join('')}`;
}

/** The line of one signature, without its newline. */
export const formatSignature = ({ name, keyId, signature }: NoteSignature): string => `— ${name} ${toBase64(joined(keyIdBytes(keyId), signature))}`;

/** Undefined for what is no signed note. Signatures are not verified. */
export function parseNote(note: string): SignedNote | undefined {
  if (note.length > NOTE_BYTES_MAX || !note.isWellFormed() || hasControls(note)) return undefined;
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return undefined;
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) return undefined;
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignature(line);
    if (!signature) return undefined;
    signatures.push(signature);
  }
  return { text: note.slice(0, split + 1), signatures };
}

/** Undefined for what is no signature line (without its newline). */
export function parseSignature(line: string): NoteSignature | undefined {
  const [, name, encoded = ''] = SIGNATURE_LINE.exec(line) ?? [];
  const bytes = fromBase64(encoded);
  if (name === undefined || !bytes || bytes.length <= KEY_ID_BYTES) return undefined;
  return { name, keyId: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), signature: bytes.slice(KEY_ID_BYTES) };
}

function hasControls(note: string): boolean {
  for (let index = 0; index < note.length; index += 1) if (note.charCodeAt(index) < 0x20 && note[index] !== '\n') return true;
  return false;
}

export function keyIdBytes(keyId: number): Uint8Array {
  const bytes = new Uint8Array(KEY_ID_BYTES);
  new DataView(bytes.buffer).setUint32(0, keyId);
  return bytes;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** SHA-256(name ‖ newline ‖ kind ‖ public key), first four bytes. */
export function keyIdOf(sha256: (bytes: Uint8Array) => Uint8Array, name: string, kind: number, publicKey: Uint8Array): number {
  const digest = sha256(joined(new TextEncoder().encode(`${name}\n`), Uint8Array.of(kind), publicKey));
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0);
}

/** `<name>+<8 hex digits of the key id>+base64(kind ‖ public key)`: how a verifier is told of a key. */
export const formatVerifierKey = ({ name, keyId, kind, publicKey }: VerifierKey): string =>
  `${name}+${keyId.toString(16).padStart(8, '0')}+${toBase64(joined(Uint8Array.of(kind), publicKey))}`;

export interface VerifierKey {
  readonly name: string;
  readonly keyId: number;
  readonly kind: number;
  /** 32 bytes, Ed25519. */
  readonly publicKey: Uint8Array;
}

/** The verifier key of a public key (32 bytes, Ed25519) under a name. */
export const verifierKeyOf = (sha256: (bytes: Uint8Array) => Uint8Array, name: string, kind: number, publicKey: Uint8Array): VerifierKey => ({
  name,
  keyId: keyIdOf(sha256, name, kind, publicKey),
  kind,
  publicKey,
});

/** Undefined where the text is no verifier key of a kind known here, or its key id is not its own. */
export function parseVerifierKey(sha256: (bytes: Uint8Array) => Uint8Array, text: string): VerifierKey | undefined {
  const [, name, id = '', encoded = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u.exec(text) ?? [];
  const bytes = fromBase64(encoded);
  const kind = bytes?.[0];
  if (name === undefined || !bytes || bytes.length !== 33 || (kind !== ED25519 && kind !== COSIGNATURE_V1)) return undefined;
  const publicKey = bytes.slice(1);
  const keyId = keyIdOf(sha256, name, kind, publicKey);
  return keyId === Number.parseInt(id, 16) ? { name, keyId, kind, publicKey } : undefined;
}
