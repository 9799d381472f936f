export type { Agreement, BasisEvidence, Difference, Finding, FindingCode } from './replay/findings.js';
export { type Change, type ChangeKind, OTHER } from './replay/other-law.js';
export { FINDINGS_TOLD_MAX, type OnReplayProgress, replayHistory, type ReplayOptions, type ReplayReport, type ReplayStage } from './replay/replay.js';
export type { MonthCount, ReplayFilter, WhatIf } from './replay/replay-range.js';
export { readTable, TABLE_BYTES_MAX, type TableContent } from './replay/table-file.js';
