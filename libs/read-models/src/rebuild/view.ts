import { DomainError } from '#libs/kernel';
import type { Comparison } from './comparison.js';

/** One fold of a projection from the beginning, in a file or schema of its own: by which version's code, and which of that version's folds. */
export interface View {
  readonly version: number;
  /** 0 for the first one. */
  readonly build: number;
}

/** Which builds of one version of a projection there are. Read and replaced as a whole: replacing it is the switch. */
export interface Pointer {
  /** Answers; absent where none of this version ever did. */
  readonly live?: number;
  /** Answered before, kept to go back to. */
  readonly former?: number;
  /** On its way; after a kill it goes on. */
  readonly building?: Building;
}
export interface Building {
  readonly build: number;
  /** What comparing it with the view that answers has shown; absent where it was not compared yet. */
  readonly compared?: Comparison;
}

/** Where a version has no pointer yet: it is as it was before there were pointers. */
export const UNTOUCHED: Pointer = { live: 0 };

/** A number that no build of the version has. */
export const nextBuild = ({ live, former, building }: Pointer): number => Math.max(-1, live ?? -1, former ?? -1, building?.build ?? -1) + 1;

/** A build is on its way that nobody has to decide about: it goes on. */
export const isBrokenOff = ({ building }: Pointer): boolean => building !== undefined && (building.compared === undefined || building.compared.equal);

/** Suffix of file and schema: none for the first build. */
export const suffixOf = (build: number): string => (build === 0 ? '' : `-b${build}`);

export const pointerOf = (text: string): Pointer => JSON.parse(text) as Pointer;

const refusal = (code: string, kind: 'unavailable' | 'conflict' | 'not-found', message: string): DomainError => new DomainError(code, kind, message);
/** Answered by rows of an older version, which cannot say this, or not up to there. */
export const viewStale = (): DomainError =>
  refusal('READ_MODEL_STALE', 'unavailable', 'the read model is being rebuilt by new code, and its old rows do not answer this: try again later');
export const projectionUnknown = (name: string, known: readonly string[]): DomainError =>
  new DomainError('PROJECTION_UNKNOWN', 'not-found', `there is no projection ${JSON.stringify(name)}: there are ${known.join(', ')}`, {
    field: 'projection',
    rule: 'known',
  });
export const builtElsewhere = (): DomainError => refusal('REBUILD_ELSEWHERE', 'conflict', 'another process is rebuilding this projection');
export const rebuildRunning = (name: string): DomainError => refusal('REBUILD_RUNNING', 'conflict', `a rebuild of ${name} is under way`);
export const noFormer = (name: string): DomainError =>
  refusal('REBUILD_NO_FORMER', 'conflict', `${name} has no former view of this version; to go back to an older version, start its code again`);
