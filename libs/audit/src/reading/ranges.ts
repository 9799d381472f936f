/** Events after a position, up to and including another. */
export interface PositionRange {
  readonly after: bigint;
  readonly upTo: bigint;
}

/** Everything up to a position in ranges of so many positions; only of a store whose positions are dense each holds as many events. */
export function rangesUpTo(end: bigint, positions: number): readonly PositionRange[] {
  const ranges: PositionRange[] = [];
  for (let after = 0n; after < end; after += BigInt(positions)) {
    const upTo = after + BigInt(positions);
    ranges.push({ after, upTo: upTo < end ? upTo : end });
  }
  return ranges;
}
