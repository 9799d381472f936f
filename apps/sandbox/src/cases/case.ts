import type { Language } from '#libs/terminal';
import type { Stage } from './stage.js';

/** A case of the source document: what happens, and (inside) what the law says must come out. */
export interface Case {
  /** `1` to `8`, `more`. */
  readonly name: string;
  readonly title: Readonly<Record<Language, string>>;
  /** What it is about, for people. */
  readonly story: Readonly<Record<Language, string>>;
  play(stage: Stage): Promise<void>;
}

/** A part of a case that only an earlier day shows; runs on a sandbox of that day. */
export interface EarlierCase extends Case {
  /** Instant to which the clock is set. */
  readonly at: string;
}
