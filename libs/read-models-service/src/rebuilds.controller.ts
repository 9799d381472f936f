import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Callers, IsOneOf, IsFlag, IsText, IsWholeNumber, MayBeOmitted } from '#libs/platform';
import { type ProjectionLag, ReadModels, type RebuildOutcome, type RebuildRequest, type RebuildState } from '#libs/read-models';

const PROJECTIONS_MAX = 20;
const NAME_CHARACTERS_MAX = 40;
const DIRECTIONS = ['rebuild', 'back'] as const;

class RebuildsRequest {
  /** All where it is left out. */
  @MayBeOmitted() @IsText({ max: NAME_CHARACTERS_MAX, list: { min: 1, max: PROJECTIONS_MAX } }) readonly projections?: readonly string[];
  /** `back`: to the view that answered before. */
  @MayBeOmitted() @IsOneOf(DIRECTIONS) readonly to?: (typeof DIRECTIONS)[number];
  /** Switch though the new view differs from that of the same version. */
  @MayBeOmitted() @IsFlag() readonly accept?: boolean;
  /** Part of the time that it works beside those that answer. */
  @MayBeOmitted() @IsWholeNumber({ min: 5, max: 100 }) readonly sharePercent?: number;
}

/** Positions as numbers, as everywhere in JSON. */
export interface ProjectionStanding extends Omit<ProjectionLag, 'checkpoint' | 'storePosition' | 'stale'> {
  readonly checkpoint: number;
  readonly storePosition: number;
  /** Set while an older version's rows answer. */
  readonly stale?: { readonly version: number; readonly position: number };
}
export interface RebuildShown extends Omit<RebuildState, 'outcome'> {
  readonly outcome?: Omit<RebuildOutcome, 'position'> & { readonly position: number };
}
export interface RebuildsResponse {
  readonly projections: readonly ProjectionStanding[];
  /** The last rebuild of each projection in this process. */
  readonly rebuilds: readonly RebuildShown[];
}

const standingOf = ({ checkpoint, storePosition, stale, ...rest }: ProjectionLag): ProjectionStanding => ({
  ...rest,
  checkpoint: Number(checkpoint),
  storePosition: Number(storePosition),
  ...(stale === undefined ? {} : { stale: { version: stale.version, position: Number(stale.position) } }),
});
const shown = ({ outcome, ...rest }: RebuildState): RebuildShown => ({
  ...rest,
  ...(outcome === undefined ? {} : { outcome: { ...outcome, position: Number(outcome.position) } }),
});

/** Read models built anew beside those that answer: for operators. */
@Controller('operations/rebuilds')
@Callers('operator')
@ApiTags('operations: read models')
export class RebuildsController {
  constructor(private readonly models: ReadModels) {}

  /** How far projections are, and how rebuilds go. */
  @Get()
  async list(): Promise<RebuildsResponse> {
    return { projections: (await this.models.lag()).map(standingOf), rebuilds: this.models.rebuilds().map(shown) };
  }

  /** Begins; the rest is seen by asking again. */
  @Post()
  @HttpCode(202)
  async begin(@Body() { sharePercent, ...request }: RebuildsRequest): Promise<{ readonly rebuilds: readonly RebuildShown[] }> {
    const asked: RebuildRequest = { ...request, ...(sharePercent === undefined ? {} : { share: sharePercent / 100 }) };
    return { rebuilds: (await this.models.rebuild(asked)).map(shown) };
  }
}
