/** Bytes of the length in front of each entry. */
const LENGTH_BYTES = 2;
/** Of one entry: what a length can say (C2SP tlog-tiles, log entries). */
export const ENTRY_BYTES_MAX = 65_535;

/** A bundle of entries (C2SP tlog-tiles): each with its length in front, 16 bits big-endian. Throws RangeError for an entry that is too long. */
export function formatEntryBundle(entries: readonly Uint8Array[]): Buffer {
  const bundle = Buffer.allocUnsafe(entries.reduce((sum, { length }) => sum + LENGTH_BYTES + length, 0));
  let offset = 0;
  for (const entry of entries) {
    if (entry.length > ENTRY_BYTES_MAX) throw new RangeError('an entry of a log is at most 65,535 bytes long');
    offset = bundle.writeUInt16BE(entry.length, offset);
    bundle.set(entry, offset);
    offset += entry.length;
  }
  return bundle;
}

/** The entries of a bundle, as views of it; undefined where its lengths do not lead to its end. */
export function parseEntryBundle(bundle: Uint8Array): Uint8Array[] | undefined {
  const view = new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  const entries: Uint8Array[] = [];
  let offset = 0;
  while (offset < bundle.length) {
    if (offset + LENGTH_BYTES > bundle.length) return undefined;
    const end = offset + LENGTH_BYTES + view.getUint16(offset);
    if (end > bundle.length) return undefined;
    entries.push(bundle.subarray(offset + LENGTH_BYTES, end));
    offset = end;
  }
  return entries;
}
