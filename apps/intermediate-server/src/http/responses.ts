import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import {
  type Acquisition,
  type Collection,
  type EndedProvision,
  type ExchangeRecord,
  type FeedPage,
  type HeldProvision,
  type HeldProvisionPage,
  type HeldReplica,
  type Holders,
  type LineProblem,
  type NetworkState,
  type PersonReplicas,
  type ProvidedReplica,
  type QueryDecision,
  type QueryEnd,
  type QueryResult,
  type QueryState,
  type QueryStatus,
  RECORD_OUTCOMES,
  RECORD_ROLES,
  type RecordedReplica,
  type RecordOutcome,
  type RecordPage,
  type RecordRole,
  type Result,
  type ResultPage,
  type ResultReference,
  type Sentence,
  type SubmittedQuery,
} from '#libs/agency-sdk';

/*
 * What the documentation shows of answers. Each class implements the interface of the same answer in agency-sdk, by which the
 * services are typed: a field that is renamed on one side does not compile on the other.
 */
const STATUSES: readonly QueryStatus[] = ['submitted', 'permitted', 'denied', 'received', 'withdrawn', 'ended'];

class LineProblemResponse implements LineProblem {
  @ApiProperty({ description: 'Stable, SCREAMING_SNAKE: what programs decide on' }) readonly code!: string;
  @ApiProperty({ type: String }) readonly kind!: LineProblem['kind'];
  @ApiProperty() readonly detail!: string;
  @ApiPropertyOptional() readonly field?: string;
  @ApiPropertyOptional() readonly rule?: string;
}
type ResponseClass = abstract new () => object;

/** An answer of outcomes, one a line, in the order sent; `true` where the value says no more than that it was done. */
export function AnswersLines(value: ResponseClass | true): MethodDecorator {
  const schema = value === true ? { type: 'boolean', enum: [true] } : { $ref: getSchemaPath(value) };
  const done = { type: 'object', required: ['ok', 'value'], properties: { ok: { type: 'boolean', enum: [true] }, value: schema } };
  const refused = {
    type: 'object',
    required: ['ok', 'problem'],
    properties: { ok: { type: 'boolean', enum: [false] }, problem: { $ref: getSchemaPath(LineProblemResponse) } },
  };
  const outcomes = { type: 'array', items: { oneOf: [done, refused] } };
  return applyDecorators(
    ApiExtraModels(LineProblemResponse, ...(value === true ? [] : [value])),
    ApiOkResponse({ schema: { type: 'object', required: ['outcomes'], properties: { outcomes } } }),
  );
}
export const Answers = (type: ResponseClass): MethodDecorator => ApiOkResponse({ type: type as never });

export class SubmittedQueryResponse implements SubmittedQuery {
  @ApiProperty() readonly exchangeId!: string;
  @ApiProperty({ enum: STATUSES }) readonly status!: QueryStatus;
}
class SentenceResponse implements Sentence {
  @ApiProperty() readonly ja!: string;
  @ApiProperty() readonly en!: string;
}
class QueryDecisionResponse implements QueryDecision {
  @ApiProperty() readonly permitted!: boolean;
  @ApiPropertyOptional() readonly table?: string;
  @ApiPropertyOptional() readonly item?: string;
  @ApiPropertyOptional({ format: 'date-time' }) readonly validUntil?: string;
  @ApiPropertyOptional() readonly reason?: string;
  @ApiPropertyOptional() readonly article?: string;
  @ApiPropertyOptional({ type: SentenceResponse }) readonly sentence?: Sentence;
  @ApiProperty({ description: 'An exception of art. 21(2) applied' }) readonly exceptionApplied!: boolean;
}
class QueryResultResponse implements QueryResult {
  @ApiProperty({ format: 'date-time' }) readonly providedAt!: string;
  @ApiProperty({ format: 'date-time' }) readonly receivedAt!: string;
  @ApiProperty({ type: String, isArray: true }) readonly items!: readonly string[];
  @ApiProperty() readonly nonDisclosure!: boolean;
  @ApiProperty({ format: 'date-time' }) readonly keptUntil!: string;
}
class QueryEndResponse implements QueryEnd {
  @ApiProperty({ format: 'date-time' }) readonly endedAt!: string;
  @ApiProperty() readonly reason!: string;
}
class NetworkStateResponse implements NetworkState {
  @ApiProperty() readonly status!: string;
  @ApiPropertyOptional() readonly attempts?: number;
  @ApiPropertyOptional() readonly lastObstacle?: string;
}
export class QueryStateResponse implements QueryState {
  @ApiProperty() readonly exchangeId!: string;
  @ApiPropertyOptional() readonly applicationId?: string;
  @ApiProperty({ enum: STATUSES }) readonly status!: QueryStatus;
  @ApiProperty() readonly provider!: string;
  @ApiProperty() readonly affair!: string;
  @ApiProperty() readonly information!: string;
  @ApiPropertyOptional() readonly dataset?: string;
  @ApiPropertyOptional() readonly period?: string;
  @ApiProperty({ format: 'date-time' }) readonly requestedAt!: string;
  @ApiPropertyOptional({ type: QueryDecisionResponse }) readonly decision?: QueryDecision;
  @ApiPropertyOptional({ type: QueryResultResponse }) readonly result?: QueryResult;
  @ApiPropertyOptional({ type: QueryEndResponse }) readonly end?: QueryEnd;
  @ApiPropertyOptional({ type: NetworkStateResponse }) readonly network?: NetworkState;
}
export class HoldersResponse implements Holders {
  @ApiProperty({ type: String, isArray: true, description: 'Agency codes' }) readonly holders!: readonly string[];
  @ApiPropertyOptional() readonly reason?: string;
}

class ResultReferenceResponse implements ResultReference {
  @ApiProperty() readonly exchangeId!: string;
  @ApiPropertyOptional() readonly applicationId?: string;
  @ApiProperty() readonly provider!: string;
  @ApiProperty() readonly information!: string;
  @ApiProperty({ type: String, isArray: true }) readonly items!: readonly string[];
  @ApiProperty({ format: 'date-time' }) readonly providedAt!: string;
  @ApiProperty({ format: 'date-time' }) readonly receivedAt!: string;
  @ApiProperty({ format: 'date-time' }) readonly keptUntil!: string;
}
export class ResultPageResponse implements ResultPage {
  @ApiProperty({ type: ResultReferenceResponse, isArray: true }) readonly results!: readonly ResultReference[];
  @ApiPropertyOptional({ description: 'Goes into `after` of the next request' }) readonly next?: string;
}
class ProvidedReplicaResponse implements ProvidedReplica {
  @ApiProperty() readonly information!: string;
  @ApiProperty() readonly dataset!: string;
  @ApiPropertyOptional() readonly period?: string;
  @ApiProperty() readonly layout!: string;
  @ApiProperty({ type: Object }) readonly content!: Readonly<Record<string, unknown>>;
}
export class ResultResponse extends ResultReferenceResponse implements Result {
  @ApiProperty() readonly inAgencyNumber!: string;
  @ApiProperty({ type: ProvidedReplicaResponse, isArray: true }) readonly replicas!: readonly ProvidedReplica[];
}

export class RecordedReplicaResponse implements RecordedReplica {
  @ApiProperty({ description: 'False: it stood there already, nothing was recorded' }) readonly recorded!: boolean;
}
class HeldReplicaResponse extends ProvidedReplicaResponse implements HeldReplica {
  @ApiProperty({ format: 'date-time' }) readonly registeredAt!: string;
}
export class PersonReplicasResponse implements PersonReplicas {
  @ApiProperty({ type: HeldReplicaResponse, isArray: true }) readonly replicas!: readonly HeldReplica[];
  @ApiProperty({ type: String, isArray: true, description: '`*` is the whole person' }) readonly blocked!: readonly string[];
  @ApiProperty({ type: String, isArray: true }) readonly nonDisclosed!: readonly string[];
}

class HeldProvisionResponse implements HeldProvision {
  @ApiProperty() readonly exchangeId!: string;
  @ApiProperty() readonly requester!: string;
  @ApiPropertyOptional() readonly requesterInstitution?: string;
  @ApiProperty() readonly affair!: string;
  @ApiPropertyOptional() readonly procedure?: string;
  @ApiProperty() readonly information!: string;
  @ApiPropertyOptional() readonly dataset?: string;
  @ApiPropertyOptional() readonly period?: string;
  @ApiPropertyOptional() readonly inAgencyNumber?: string;
  @ApiProperty() readonly reason!: string;
  @ApiProperty({ format: 'date-time' }) readonly heldAt!: string;
  @ApiProperty({ format: 'date-time' }) readonly validUntil!: string;
}
export class HeldProvisionPageResponse implements HeldProvisionPage {
  @ApiProperty({ type: HeldProvisionResponse, isArray: true }) readonly provisions!: readonly HeldProvision[];
  @ApiPropertyOptional() readonly next?: string;
}
export class EndedProvisionResponse implements EndedProvision {
  @ApiProperty() readonly exchangeId!: string;
  @ApiProperty({ enum: ['made', 'not-made'] }) readonly outcome!: 'made' | 'not-made';
  @ApiPropertyOptional() readonly reason?: string;
}

export class AcquisitionResponse implements Acquisition {
  @ApiProperty() readonly acquisitionNumber!: string;
  @ApiProperty({ format: 'date-time' }) readonly expiresAt!: string;
}
export class CollectionResponse implements Collection {
  @ApiProperty() readonly acquisitionNumber!: string;
  @ApiProperty({ enum: ['obtained', 'pending', 'refused', 'expired'] }) readonly status!: Collection['status'];
  @ApiPropertyOptional() readonly reason?: string;
}

class ExchangeRecordResponse implements ExchangeRecord {
  @ApiProperty() readonly exchangeId!: string;
  @ApiPropertyOptional() readonly applicationId?: string;
  @ApiProperty({ enum: RECORD_ROLES }) readonly role!: RecordRole;
  @ApiPropertyOptional() readonly inAgencyNumber?: string;
  @ApiProperty() readonly requester!: string;
  @ApiPropertyOptional() readonly requesterInstitution?: string;
  @ApiProperty() readonly provider!: string;
  @ApiPropertyOptional() readonly providerInstitution?: string;
  @ApiProperty() readonly affair!: string;
  @ApiPropertyOptional() readonly procedure?: string;
  @ApiProperty() readonly information!: string;
  @ApiPropertyOptional() readonly dataset?: string;
  @ApiPropertyOptional() readonly period?: string;
  @ApiProperty() readonly department!: string;
  @ApiProperty({ format: 'date-time' }) readonly requestedAt!: string;
  @ApiPropertyOptional({ format: 'date-time' }) readonly providedAt?: string;
  @ApiPropertyOptional({ format: 'date-time' }) readonly receivedAt?: string;
  @ApiPropertyOptional({ format: 'date-time' }) readonly endedAt?: string;
  @ApiPropertyOptional({ type: String, isArray: true }) readonly items?: readonly string[];
  @ApiProperty({ enum: RECORD_OUTCOMES }) readonly outcome!: RecordOutcome;
  @ApiPropertyOptional() readonly reason?: string;
  @ApiPropertyOptional() readonly article?: string;
  @ApiPropertyOptional() readonly table?: string;
  @ApiPropertyOptional() readonly item?: string;
  @ApiProperty() readonly exceptionApplied!: boolean;
  @ApiProperty({ description: 'Sealed by either side (art. 23(2))' }) readonly nonDisclosure!: boolean;
}
export class RecordPageResponse implements RecordPage {
  @ApiProperty({ type: ExchangeRecordResponse, isArray: true }) readonly records!: readonly ExchangeRecord[];
  @ApiPropertyOptional({ description: 'Goes into `cursor` of the next request' }) readonly next?: string;
}

export class FeedPageResponse implements FeedPage {
  @ApiProperty({ type: 'array', items: { type: 'object' }, description: 'CloudEvents 1.0, structured; their schemas: libs/feed-schemas' })
  readonly events!: readonly unknown[];
  @ApiProperty({ description: 'Goes into `after` of the next request' }) readonly next!: string;
}
