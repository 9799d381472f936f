/** Each bucket ends so much above where it begins. A percentile is told as the middle of its bucket: at most 2 % from the true one. */
const GROWTH = 1.04;
/** Half of GROWTH − 1, rounded up: how far a percentile may be from the true one, as a share of it. */
export const PERCENTILE_ERROR = 0.02;
const LOG_GROWTH = Math.log(GROWTH);
/** Durations beyond it (some 34 years) count in the last bucket. */
const BUCKETS = 700;

/** Plain data: it crosses threads. */
export interface Durations {
  readonly buckets: Uint32Array;
  count: number;
  sumMs: number;
  maxMs: number;
}

export const noDurations = (): Durations => ({ buckets: new Uint32Array(BUCKETS), count: 0, sumMs: 0, maxMs: 0 });

const bucketOf = (ms: number): number => Math.min(BUCKETS - 1, Math.floor(Math.log(ms + 1) / LOG_GROWTH));
/** Whole milliseconds lie in the buckets by ms + 1; the middle is of the values that can lie there. */
const middleOf = (bucket: number): number => (GROWTH ** bucket + GROWTH ** (bucket + 1)) / 2 - 1;

export function addDuration(into: Durations, ms: number): void {
  const duration = Math.max(0, ms);
  const bucket = bucketOf(duration);
  into.buckets[bucket] = (into.buckets[bucket] as number) + 1;
  into.count += 1;
  into.sumMs += duration;
  into.maxMs = Math.max(into.maxMs, duration);
}

export function addDurations(into: Durations, { buckets, count, sumMs, maxMs }: Durations): void {
  for (const [bucket, added] of buckets.entries()) into.buckets[bucket] = (into.buckets[bucket] as number) + added;
  into.count += count;
  into.sumMs += sumMs;
  into.maxMs = Math.max(into.maxMs, maxMs);
}

/** The least duration that this share of all does not pass, in ms, within PERCENTILE_ERROR (and half a millisecond); 0 where there is none. */
export function percentileMs({ buckets, count, maxMs }: Durations, share: number): number {
  const rank = Math.max(1, Math.ceil(share * count));
  let seen = 0;
  for (const [bucket, here] of buckets.entries()) {
    seen += here;
    if (seen >= rank) return Math.min(maxMs, Math.max(0, Math.round(middleOf(bucket))));
  }
  return 0;
}
