import type { EventStoreOptions } from '../parties/event-store-option.js';

/** What the bars of a picture may stand for. */
export const CHART_BY = ['month', 'item', 'requester-class', 'information', 'outcome'] as const;
export type ChartBy = (typeof CHART_BY)[number];

export interface Options extends EventStoreOptions {
  readonly data: string;
  readonly from?: string;
  readonly to?: string;
  readonly agency?: string;
  readonly affair?: string;
  readonly exchange?: string;
  readonly matrix?: string;
  readonly asOf?: string;
  readonly csv?: string;
  readonly chart?: string;
  readonly chartBy?: ChartBy;
  readonly limit: string;
}
/** Findings, and rows of a table, that are shown where nothing else is said. */
export const LIMIT = 20;
