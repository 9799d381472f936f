export { grouped } from './grouped.js';
export * from './language.js';
export type { Progress, ProgressOptions } from './progress.js';
export { type Sink, type Style, Terminal, wantsColours } from './terminal.js';
export type { Table } from './table.js';
export type { Mark, TimelineEntry } from './timeline.js';
export { padEnd, padStart, truncate, widthOf, wrap } from './width.js';
