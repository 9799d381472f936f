import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROW_BYTES } from './rows.js';

/** A partition is read whole: so large it is at most, as far as ids spread evenly. */
const PARTITION_BYTES = 32 * 1024 * 1024;
const PARTITIONS_MAX = 4_096;
/** What all buffers of one writer may take. */
const BUFFERED_BYTES = 32 * 1024 * 1024;
const BUFFER_ROWS_MAX = 1_024;
const BUFFER_ROWS_MIN = 16;

/** Into how many partitions so many rows go. */
export const partitionsFor = (rows: number): number => Math.min(PARTITIONS_MAX, Math.max(1, Math.ceil((rows * ROW_BYTES) / PARTITION_BYTES)));

const fileOf = (directory: string, partition: number, writer: number): string => join(directory, `${partition}-${writer}`);

/** Puts rows by their exchange into partition files, one a writer, in pieces: exchanges are spread, each lies in one partition. */
export class PartitionWriter {
  readonly #buffers: (Buffer | undefined)[];
  readonly #filled: Int32Array;
  readonly #bufferBytes: number;

  constructor(
    private readonly directory: string,
    private readonly writer: number,
    private readonly partitions: number,
  ) {
    this.#buffers = new Array<Buffer | undefined>(partitions);
    this.#filled = new Int32Array(partitions);
    const rows = Math.floor(BUFFERED_BYTES / partitions / ROW_BYTES);
    this.#bufferBytes = ROW_BYTES * Math.min(BUFFER_ROWS_MAX, Math.max(BUFFER_ROWS_MIN, rows));
  }

  /** Copies the row. The last bytes of a UUIDv7 are random, or an HMAC. */
  add(row: Buffer): void {
    const partition = row.readUInt32LE(8) % this.partitions;
    const buffer = (this.#buffers[partition] ??= Buffer.allocUnsafe(this.#bufferBytes));
    const at = this.#filled[partition] ?? 0;
    row.copy(buffer, at);
    this.#filled[partition] = at + ROW_BYTES;
    if (at + ROW_BYTES === buffer.length) this.#write(partition, buffer);
  }

  flush(): void {
    for (const [partition, buffer] of this.#buffers.entries()) if (buffer !== undefined) this.#write(partition, buffer);
  }

  #write(partition: number, buffer: Buffer): void {
    const bytes = this.#filled[partition] ?? 0;
    this.#filled[partition] = 0;
    if (bytes > 0) appendFileSync(fileOf(this.directory, partition, this.writer), buffer.subarray(0, bytes), { mode: 0o600 });
  }
}

/** All rows of one partition, from every writer. */
export function readPartition(directory: string, partition: number, writers: number): Buffer {
  const files = Array.from({ length: writers }, (_, writer) => fileOf(directory, partition, writer)).filter((file) => existsSync(file));
  const whole = Buffer.concat(files.map((file) => readFileSync(file)));
  return whole.byteOffset % 4 === 0 ? whole : Buffer.from(new Uint8Array(whole).buffer);
}
