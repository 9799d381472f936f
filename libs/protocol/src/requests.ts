import { IsLines, IsWholeNumber, MayBeOmitted } from '#libs/platform';
import {
  AskHoldersLine,
  DecideQueryLine,
  DemandLine,
  ExchangeStatusLine,
  TellRecordLine,
  WithdrawalNoticeLine,
  WithdrawQueryLine,
} from './exchange.messages.js';
import { CheckpointLine, IsSharedProof, type SharedProof } from './ledger.messages.js';
import { AcquisitionLine, CollectIdentifierLine, IdentifierChangeLine } from './identifier.messages.js';

// bodies of the hops that more than one server takes: the core and interface systems, or these and intermediate servers

/** Base of a request to the core whose answer carries proofs. */
export class ProvenRequest {
  /** Size of the largest checkpoint of the core's log that the caller has verified. */
  @MayBeOmitted() @IsWholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER }) readonly seen?: number;
}
export class DecisionsRequest extends ProvenRequest {
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
  /** Covers the place of every line. */
  @MayBeOmitted() @IsSharedProof() readonly proof?: SharedProof;
}
export class WithdrawalNoticesRequest {
  @IsLines(() => WithdrawalNoticeLine) readonly lines!: unknown[];
}
export class IdentifierChangesRequest {
  @IsLines(() => IdentifierChangeLine) readonly lines!: unknown[];
}
export class CheckpointsRequest {
  @IsLines(() => CheckpointLine) readonly lines!: unknown[];
}
export class TellRecordsRequest {
  @IsLines(() => TellRecordLine) readonly lines!: unknown[];
}
