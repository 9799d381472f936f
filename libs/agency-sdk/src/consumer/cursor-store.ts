import { open, readFile, rename } from 'node:fs/promises';

/**
 * Keeps how far the HTTP feed was read. One store is one group: with another, empty one the feed is read anew. A place that
 * was lost costs only reading again, for the inbox knows what was handled.
 */
export interface CursorStore {
  load(): Promise<string | undefined>;
  save(cursor: string): Promise<void>;
}

export function memoryCursor(cursor?: string): CursorStore {
  let kept = cursor;
  return {
    load: () => Promise.resolve(kept),
    save(next) {
      kept = next;
      return Promise.resolve();
    },
  };
}

/** In a file of its own, replaced as a whole. */
export function fileCursor(path: string): CursorStore {
  return {
    async load() {
      try {
        return (await readFile(path, 'utf8')).trim() || undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async save(cursor) {
      const draft = `${path}.new`;
      const file = await open(draft, 'w', 0o600);
      try {
        await file.writeFile(`${cursor}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, path);
    },
  };
}
