import { IsLines } from '#libs/platform';
import { AskHoldersLine, DecideQueryLine, DemandLine, ExchangeStatusLine, WithdrawalNoticeLine, WithdrawQueryLine } from './exchange.messages.js';
import { AcquisitionLine, CollectIdentifierLine, IdentifierChangeLine } from './identifier.messages.js';

// bodies of the hops that more than one server takes: the core and interface systems, or these and intermediate servers

export class DecisionsRequest {
  @IsLines(() => DecideQueryLine) readonly lines!: unknown[];
}
export class WithdrawalsRequest {
  @IsLines(() => WithdrawQueryLine) readonly lines!: unknown[];
}
export class StatusesRequest {
  @IsLines(() => ExchangeStatusLine) readonly lines!: unknown[];
}
export class HoldersRequest {
  @IsLines(() => AskHoldersLine) readonly lines!: unknown[];
}
export class AcquisitionsRequest {
  @IsLines(() => AcquisitionLine) readonly lines!: unknown[];
}
export class CollectionsRequest {
  @IsLines(() => CollectIdentifierLine) readonly lines!: unknown[];
}
export class DemandsRequest {
  @IsLines(() => DemandLine) readonly lines!: unknown[];
}
export class WithdrawalNoticesRequest {
  @IsLines(() => WithdrawalNoticeLine) readonly lines!: unknown[];
}
export class IdentifierChangesRequest {
  @IsLines(() => IdentifierChangeLine) readonly lines!: unknown[];
}
