import { mkdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Position } from '#libs/event-store';
import type { Message } from '#libs/kernel';
import type { Shown } from '../folding/model.js';
import type { Projection, Recorded } from '../projection.js';
import { type Snapshot, snapshotOn } from '../rebuild/snapshot.js';
import type { Pointer, View } from '../rebuild/view.js';
import { type OwnedModel, Views } from '../rebuild/views.js';
import { RowCodec } from '../sql/row-codec.js';
import { sqliteColumns } from './columns.js';
import { ModelFile } from './model-file.js';
import { bytesOfView, olderView, readPointer, removeView, viewPath, writePointer } from './view-files.js';
import { isBuilt, ViewReader } from './view-reader.js';

/** A build in its file, this thread's alone: who rebuilds holds the party, and a party rebuilds a projection once at a time. */
class OwnedFile implements OwnedModel {
  readonly projection: Projection;
  readonly mine = true;
  readonly #open: () => ModelFile;
  readonly #remove: () => void;
  #file: ModelFile;

  constructor(directory: string, projection: Projection, build: number) {
    this.projection = projection;
    this.#open = () => ModelFile.open(directory, projection, build);
    this.#remove = () => ModelFile.remove(directory, projection, build);
    this.#file = this.#open();
  }

  get shown(): Shown {
    return { rows: this.#file, position: this.#file.checkpoint };
  }
  get checkpoint(): Position {
    return this.#file.checkpoint;
  }
  get checkpointEventId(): string {
    return this.#file.checkpointEventId;
  }
  get built(): boolean {
    return this.#file.built;
  }

  apply(events: readonly Recorded<Message>[], derived: ReadonlyMap<string, string>, position: Position, eventId: string): void {
    this.#file.apply(events, derived, position, eventId);
  }
  finishBuilding(): void {
    this.#file.finishBuilding();
  }
  beginAnew(): void {
    this.#file.close();
    this.#remove();
    this.#file = this.#open();
  }
  stop(): void {
    return;
  }
  close(): Promise<void> {
    this.#file.close();
    return Promise.resolve();
  }
}

/** Views in a directory of files. */
export class SqliteViews extends Views {
  constructor(private readonly directory: string) {
    super();
    mkdirSync(directory, { recursive: true });
  }

  override pointer(projection: Projection): Promise<Pointer> {
    return attempt(() => readPointer(this.directory, projection, isBuilt));
  }

  override point(projection: Projection, pointer: Pointer): Promise<void> {
    return attempt(() => writePointer(this.directory, projection, pointer));
  }

  override answering(projection: Projection): Promise<View | undefined> {
    return attempt(() => {
      const { live } = readPointer(this.directory, projection, isBuilt);
      if (live === undefined) return olderView(this.directory, projection, isBuilt);
      const view = { version: projection.version, build: live };
      return isBuilt(viewPath(this.directory, projection.name, view)) ? view : undefined;
    });
  }

  override open(projection: Projection, build: number): Promise<OwnedModel> {
    return attempt(() => new OwnedFile(this.directory, projection, build));
  }

  override discard({ name, version }: Projection, build: number): Promise<void> {
    return attempt(() => removeView(this.directory, name, { version, build }));
  }

  override positionOf(projection: Projection, view: View): Promise<Position> {
    return attempt(() => {
      const reader = ViewReader.open(viewPath(this.directory, projection.name, view), projection);
      try {
        return reader.checkpoint().position;
      } finally {
        reader.close();
      }
    });
  }

  override snapshot(projection: Projection, view: View): Promise<Snapshot> {
    return attempt(() => {
      const reader = ViewReader.frozen(viewPath(this.directory, projection.name, view), projection);
      return snapshotOn({
        db: reader.reader,
        ...reader.checkpoint(),
        codecOf: (table) => new RowCodec(table, sqliteColumns(reader.dictionary)),
        columnsOf: (table) => Promise.resolve(reader.columnsOf(table)),
        close: () => attempt(() => reader.close()),
      });
    });
  }

  override async room({ name }: Projection, view: View | undefined): Promise<{ readonly freeBytes: number; readonly neededBytes: number }> {
    const { bavail, bsize } = await statfs(this.directory);
    return { freeBytes: bavail * bsize, neededBytes: view ? bytesOfView(this.directory, name, view) : 0 };
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What SQLite does in one turn, as a promise that rejects where it throws. */
async function attempt<T>(work: () => T): Promise<T> {
  return await Promise.resolve().then(work);
}
