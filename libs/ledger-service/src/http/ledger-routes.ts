import { Follows, IsOneOf, IsWholeNumber, MayBeOmitted, textRule } from '#libs/platform';
import { parseTilePath } from '#libs/proofs';

const SIZE_MAX = Number.MAX_SAFE_INTEGER;
const IsTilePath = (prefix: string): PropertyDecorator =>
  Follows(
    textRule(
      'tile-path',
      'must be a path of C2SP tlog-tiles in its one form: <level>/<index in groups of three digits>, .p/<width> behind it for a partial tile',
      (text) => parseTilePath(`${prefix}${text}`) !== undefined,
      { example: '0/x001/234' },
    ),
  );

export class TilePath {
  /** What stands behind `/ledger/tile/`. */
  @IsTilePath('tile/') readonly '*'!: string;
}
export class EntriesPath {
  /** What stands behind `/ledger/tile/entries/`. */
  @IsTilePath('tile/entries/') readonly '*'!: string;
}
export class CheckpointQuery {
  @MayBeOmitted() @IsOneOf(['', 'true']) readonly cosigned?: string;
}
export class InclusionQuery {
  @IsWholeNumber({ min: 0, max: SIZE_MAX }) readonly index!: number;
  /** The newest checkpoint's where it is left out. */
  @MayBeOmitted() @IsWholeNumber({ min: 1, max: SIZE_MAX }) readonly size?: number;
}
export class ConsistencyQuery {
  @IsWholeNumber({ min: 0, max: SIZE_MAX }) readonly from!: number;
  /** The newest checkpoint's where it is left out. */
  @MayBeOmitted() @IsWholeNumber({ min: 0, max: SIZE_MAX }) readonly to?: number;
}
export class ReadingRequest {
  @IsWholeNumber({ min: 0, max: SIZE_MAX }) readonly from!: number;
  @IsWholeNumber({ min: 1, max: SIZE_MAX }) readonly to!: number;
}
