import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Projection } from '../projection.js';
import { type Pointer, pointerOf, suffixOf, UNTOUCHED, type View } from '../rebuild/view.js';

const FILE_SUFFIXES = ['', '-wal', '-shm'] as const;

/** The file of one view, `<name>-v<version>.sqlite` or `<name>-v<version>-b<build>.sqlite`. */
export const viewPath = (directory: string, name: string, { version, build }: View): string => join(directory, `${name}-v${version}${suffixOf(build)}.sqlite`);

const pointerPath = (directory: string, name: string, version: number): string => join(directory, `${name}-v${version}.json`);

function readPointerOf(directory: string, name: string, version: number): Pointer | undefined {
  try {
    return pointerOf(readFileSync(pointerPath(directory, name, version), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Versions of a projection that the directory has something of, newest first, but not this code's. */
function otherVersions(directory: string, { name, version }: Projection): readonly number[] {
  if (!existsSync(directory)) return [];
  const named = readdirSync(directory).flatMap((file) => {
    const found = file.startsWith(`${name}-v`) ? /^v(\d+)\.(?:sqlite|json)$/.exec(file.slice(name.length + 1)) : null;
    return found ? [Number(found[1])] : [];
  });
  return [...new Set(named)].filter((other) => other !== version).sort((a, b) => b - a);
}

/** The newest view of another version that ever answered, judged by `isBuilt`. */
export function olderView(directory: string, projection: Projection, isBuilt: (path: string) => boolean): View | undefined {
  for (const version of otherVersions(directory, projection)) {
    const { live } = readPointerOf(directory, projection.name, version) ?? UNTOUCHED;
    if (live === undefined) continue;
    const view = { version, build: live };
    const path = viewPath(directory, projection.name, view);
    if (existsSync(path) && isBuilt(path)) return view;
  }
  return undefined;
}

/** Where nothing was pointed yet, the first build answers: unless it is not there and an older version's view is. */
export function readPointer(directory: string, projection: Projection, isBuilt: (path: string) => boolean): Pointer {
  const { name, version } = projection;
  const pointer = readPointerOf(directory, name, version);
  if (pointer) return pointer;
  if (existsSync(viewPath(directory, name, { version, build: 0 }))) return UNTOUCHED;
  return olderView(directory, projection, isBuilt) ? {} : UNTOUCHED;
}

/** Changes with every pointer that is written; costs a look at the directory. */
export function pointerMark(directory: string, { name, version }: Projection): string {
  const found = statSync(pointerPath(directory, name, version), { bigint: true, throwIfNoEntry: false });
  return found ? `${found.ino}/${found.mtimeNs}` : '';
}

/** A file beside it takes the name, so that a reader finds the whole pointer of before or of now. Durable on return. */
export function writePointer(directory: string, { name, version }: Projection, pointer: Pointer): void {
  mkdirSync(directory, { recursive: true });
  const path = pointerPath(directory, name, version);
  const beside = `${path}.new`;
  const file = openSync(beside, 'w', 0o600);
  try {
    writeSync(file, JSON.stringify(pointer));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  const entries = openSync(directory, 'r');
  try {
    fsyncSync(entries);
  } finally {
    closeSync(entries);
  }
}

export function removeView(directory: string, name: string, view: View): void {
  const path = viewPath(directory, name, view);
  for (const suffix of FILE_SUFFIXES) rmSync(`${path}${suffix}`, { force: true });
}

export function bytesOfView(directory: string, name: string, view: View): number {
  const path = viewPath(directory, name, view);
  return FILE_SUFFIXES.reduce((sum, suffix) => sum + (statSync(`${path}${suffix}`, { throwIfNoEntry: false })?.size ?? 0), 0);
}
