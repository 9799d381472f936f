import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { ResultLine } from './result-lines.js';

/** The results of a bulk as they are written: one JSON text a line, in the order of the input. */
export class ResultsFile {
  private constructor(
    private readonly handle: FileHandle,
    private length: number,
  ) {}

  /** A new file; rejects with EEXIST where there is one. */
  static async create(path: string): Promise<ResultsFile> {
    return new ResultsFile(await open(path, 'wx', 0o600), 0);
  }
  /** The file of an earlier run; what it holds past `bytes` was never counted and goes. */
  static async resume(path: string, bytes: number): Promise<ResultsFile> {
    const handle = await open(path, 'r+');
    await handle.truncate(bytes);
    return new ResultsFile(handle, bytes);
  }

  get bytes(): number {
    return this.length;
  }

  /** Durable when it resolves. */
  async append(results: readonly ResultLine[]): Promise<void> {
    if (results.length === 0) return;
    const text = Buffer.from(results.map((result) => `${JSON.stringify(result)}\n`).join(''), 'utf8');
    for (let written = 0; written < text.length;) {
      const { bytesWritten } = await this.handle.write(text, written, text.length - written, this.length + written);
      written += bytesWritten;
    }
    await this.handle.datasync();
    this.length += text.length;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** The results of a file, line by line. */
export async function* readResults(path: string): AsyncGenerator<ResultLine> {
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    if (line !== '') yield JSON.parse(line) as ResultLine;
  }
}

/** Writes a file of results anew and puts it in place of the old one; `write` gives its parts in order, and false where they are not whole: then the old one stays. */
export async function replaceResults(path: string, write: (append: (results: readonly ResultLine[]) => Promise<void>) => Promise<boolean>): Promise<boolean> {
  const temporary = `${path}.new`;
  const handle = await open(temporary, 'w', 0o600);
  let whole: boolean;
  try {
    whole = await write(async (results) => {
      await handle.appendFile(results.map((result) => `${JSON.stringify(result)}\n`).join(''));
    });
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await (whole ? rename(temporary, path) : rm(temporary));
  return whole;
}
