export type { Agreement, BasisEvidence, Difference, Finding, FindingCode } from './replay/findings.js';
export { type Change, type ChangeKind, OTHER } from './replay/other-law.js';
export { FINDINGS_TOLD_MAX, type OnReplayProgress, replayHistory, type ReplayOptions, type ReplayReport, type ReplayStage } from './replay/replay.js';
export type { MonthCount, ReplayFilter, WhatIf } from './replay/replay-range.js';
export { readTable, TABLE_BYTES_MAX, type TableContent } from './replay/table-file.js';
export { countHistory, type CountOptions, countStore } from './statistics/count-history.js';
export type { GrantState, GrantUse } from './statistics/grants.js';
export { PERCENTILE_ERROR } from './statistics/histogram.js';
export { type Outcome, type OutcomeCounts, OUTCOMES } from './statistics/outcome.js';
export { type CountPeriod } from './statistics/range-count.js';
export type {
  AnswerTimeRow,
  ClassRow,
  Counted,
  InformationRow,
  MonthRow,
  ProcedureRow,
  RefusalRow,
  Statistics,
  UnansweredRow,
  UseRow,
} from './statistics/statistics.js';
