import { hash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConsistencyProof } from '#libs/proofs';
import { replaceFile } from './durable-file.js';

/** Contradictions kept at most: the first ones tell all, and whoever forges more fills no disk. */
export const EVIDENCE_FILES_MAX = 1_000;

/** Two checkpoints that one log signed and that cannot both be true. */
export interface Evidence {
  /** `<deployment>/<party>` */
  readonly log: string;
  /** OTHER_ROOT: two roots of one size. NOT_AN_EXTENSION: no proof holds between the two. SIZE_DENIED: the log says that it never had one of the sizes. */
  readonly finding: 'OTHER_ROOT' | 'NOT_AN_EXTENSION' | 'SIZE_DENIED';
  /** Signed notes: what was verified before, and what was shown now. */
  readonly kept: string;
  readonly shown: string;
  /** What was shown as proof between the two. */
  readonly proof?: ConsistencyProof;
}

/** `evidence/<finding>-<digest>.json`: written once a contradiction, never changed. */
export class EvidenceFiles {
  private constructor(
    private readonly directory: string,
    private readonly files: Set<string>,
    private readonly wallClockMs: () => number,
  ) {}

  static async open(directory: string, wallClockMs: () => number): Promise<EvidenceFiles> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const names = (await readdir(directory)).filter((name) => name.endsWith('.json'));
    return new EvidenceFiles(directory, new Set(names), wallClockMs);
  }

  get count(): number {
    return this.files.size;
  }

  /** Durable on return; the same two checkpoints again change nothing. */
  async keep(evidence: Evidence): Promise<void> {
    const digest = hash('sha256', `${evidence.kept}\n${evidence.shown}`, 'hex').slice(0, 32);
    const name = `${evidence.finding.toLowerCase().replaceAll('_', '-')}-${digest}.json`;
    if (this.files.has(name) || this.files.size >= EVIDENCE_FILES_MAX) return;
    this.files.add(name);
    try {
      const foundAt = new Date(this.wallClockMs()).toISOString();
      await replaceFile(join(this.directory, name), `${JSON.stringify({ v: 1, foundAt, ...evidence }, undefined, 2)}\n`);
    } catch (error) {
      this.files.delete(name);
      throw error;
    }
  }
}
