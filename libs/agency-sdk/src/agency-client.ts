import { createHash, type KeyObject } from 'node:crypto';
import { privateKeyFrom } from './agency-token.js';
import { type Lines, type LineResult, type Outcomes, valueOf } from './batch.api.js';
import { type BulkOptions, type BulkSummary, submitBulk } from './bulk.js';
import type { FeedPage, FeedRequest } from './feed.api.js';
import type { AcquireIdentifierLine, Acquisition, CollectIdentifierRequestLine, Collection } from './identifier.api.js';
import type { EndedProvision, EndProvisionRequest, HeldProvisionPage, ReleaseProvisionRequest } from './provision.api.js';
import type { AskHoldersRequestLine, Holders, QueryState, QueryStatusLine, SubmitQueryLine, SubmittedQuery } from './query.api.js';
import type { RecordPage, SearchRecordsRequest } from './record.api.js';
import type { PersonReplicas, RecordedReplica, RegisterReplicaLine, ReplicaScopeLine, SearchReplicasRequest, WithdrawReplicaLine } from './replica.api.js';
import type { AcknowledgeResultLine, Result, ResultPage } from './result.api.js';
import { type CallOptions, Transport, type TransportOptions } from './transport.js';
import { type OutcomesOptions, waitForOutcomes } from './wait-for-outcomes.js';

const MS_A_SECOND = 1_000;

export interface AgencyClientOptions extends TransportOptions {
  /** Id of the intermediate server, e.g. `is-east`: tokens are good for it alone. */
  readonly server: string;
  /** The agency's code. */
  readonly agency: string;
  readonly keyId: string;
  /** Ed25519: a key object, or PKCS #8 PEM. */
  readonly privateKey: KeyObject | string;
  /**
   * 32 to 64 bytes from which the exchange ids of bulk lines are made. Derived from the private key where it is left out:
   * then a bulk can't be resumed across a change of that key.
   */
  readonly bulkSecret?: Uint8Array;
}
export interface PageOptions {
  readonly limit?: number;
  readonly after?: string;
}

/**
 * An agency's way to its intermediate server. Every call may be sent again with the same arguments. Rejects with a
 * DomainError: the server's own code, SERVER_UNREACHABLE, or CANCELLED. Lines that are refused alone do not reject.
 */
export class AgencyClient {
  readonly agency: string;
  readonly bulkSecret: Uint8Array;
  readonly #transport: Transport;

  constructor(options: AgencyClientOptions) {
    const { agency, keyId, server } = options;
    const privateKey = privateKeyFrom(options.privateKey);
    this.agency = agency;
    this.bulkSecret = options.bulkSecret ?? derivedSecret(privateKey);
    this.#transport = new Transport({ agency, keyId, server, privateKey }, options);
  }

  submitQueries(lines: readonly SubmitQueryLine[], options: CallOptions & { readonly waitMs?: number } = {}): Promise<readonly LineResult<SubmittedQuery>[]> {
    const { waitMs } = options;
    return this.#outcomes('/queries', { lines, ...(waitMs === undefined ? {} : { waitMs }) }, { ...options, extraMs: waitMs ?? 0 });
  }
  /** One query; throws where it is refused. */
  async submitQuery(line: SubmitQueryLine, options: CallOptions & { readonly waitMs?: number } = {}): Promise<SubmittedQuery> {
    const [result] = await this.submitQueries([line], options);
    return valueOf(result as LineResult<SubmittedQuery>);
  }
  query(exchangeId: string, options?: CallOptions): Promise<QueryState> {
    return this.#transport.call('GET', `/queries/${encodeURIComponent(exchangeId)}`, undefined, options);
  }
  queryStatuses(lines: readonly QueryStatusLine[], options?: CallOptions): Promise<readonly LineResult<QueryState>[]> {
    return this.#outcomes('/queries/statuses', { lines: lines.map(({ exchangeId }) => ({ exchangeId })) }, options);
  }
  withdrawQuery(exchangeId: string, department: string, options?: CallOptions): Promise<QueryState> {
    return this.#transport.call('POST', `/queries/${encodeURIComponent(exchangeId)}/withdrawal`, { department }, options);
  }
  askHolders(lines: readonly AskHoldersRequestLine[], options?: CallOptions): Promise<readonly LineResult<Holders>[]> {
    return this.#outcomes('/holders', { lines }, options);
  }

  /** Submits a bulk of any length, line by line as it is read; see BulkOptions. */
  submitBulk(options: BulkOptions): Promise<BulkSummary> {
    return submitBulk(this, options);
  }
  /** Follows queries until each has an outcome or the time is over; see OutcomesOptions. */
  waitForOutcomes(exchangeIds: readonly string[], options: OutcomesOptions = {}): Promise<ReadonlyMap<string, QueryState>> {
    return waitForOutcomes(this, exchangeIds, options);
  }

  results({ limit, after }: PageOptions = {}, options?: CallOptions): Promise<ResultPage> {
    return this.#transport.call('GET', withPage('/results', limit, after), undefined, options);
  }
  result(exchangeId: string, options?: CallOptions): Promise<Result> {
    return this.#transport.call('GET', `/results/${encodeURIComponent(exchangeId)}`, undefined, options);
  }
  acknowledgeResults(lines: readonly AcknowledgeResultLine[], options?: CallOptions): Promise<readonly LineResult<true>[]> {
    return this.#outcomes('/results/acknowledgements', { lines: lines.map(({ exchangeId }) => ({ exchangeId })) }, options);
  }

  registerReplicas(lines: readonly RegisterReplicaLine[], options?: CallOptions): Promise<readonly LineResult<RecordedReplica>[]> {
    return this.#outcomes('/replicas', { lines }, options);
  }
  withdrawReplicas(lines: readonly WithdrawReplicaLine[], options?: CallOptions): Promise<readonly LineResult<RecordedReplica>[]> {
    return this.#outcomes('/replicas/withdrawals', { lines }, options);
  }
  /** 自動応答不可: an official answers from now on. */
  blockAutomaticAnswers(lines: readonly ReplicaScopeLine[], options?: CallOptions): Promise<readonly LineResult<RecordedReplica>[]> {
    return this.#outcomes('/replicas/blocks', { lines }, options);
  }
  unblockAutomaticAnswers(lines: readonly ReplicaScopeLine[], options?: CallOptions): Promise<readonly LineResult<RecordedReplica>[]> {
    return this.#outcomes('/replicas/unblocks', { lines }, options);
  }
  /** 提供側不開示: the fact of a provision is sealed from now on. */
  setNonDisclosures(lines: readonly ReplicaScopeLine[], options?: CallOptions): Promise<readonly LineResult<RecordedReplica>[]> {
    return this.#outcomes('/replicas/non-disclosures', { lines }, options);
  }
  liftNonDisclosures(lines: readonly ReplicaScopeLine[], options?: CallOptions): Promise<readonly LineResult<RecordedReplica>[]> {
    return this.#outcomes('/replicas/non-disclosure-lifts', { lines }, options);
  }
  searchReplicas(request: SearchReplicasRequest, options?: CallOptions): Promise<PersonReplicas> {
    return this.#transport.call('POST', '/replicas/search', request, options);
  }

  heldProvisions({ limit, after }: PageOptions = {}, options?: CallOptions): Promise<HeldProvisionPage> {
    return this.#transport.call('GET', withPage('/provisions/held', limit, after), undefined, options);
  }
  releaseProvision(exchangeId: string, request: ReleaseProvisionRequest, options?: CallOptions): Promise<EndedProvision> {
    return this.#transport.call('POST', `/provisions/${encodeURIComponent(exchangeId)}/release`, request, options);
  }
  endProvision(exchangeId: string, request: EndProvisionRequest, options?: CallOptions): Promise<EndedProvision> {
    return this.#transport.call('POST', `/provisions/${encodeURIComponent(exchangeId)}/end`, request, options);
  }

  requestAcquisitions(lines: readonly AcquireIdentifierLine[], options?: CallOptions): Promise<readonly LineResult<Acquisition>[]> {
    return this.#outcomes('/acquisitions', { lines }, options);
  }
  collectIdentifiers(lines: readonly CollectIdentifierRequestLine[], options?: CallOptions): Promise<readonly LineResult<Collection>[]> {
    return this.#outcomes('/identifiers/collections', { lines }, options);
  }

  /** The agency's own feed, a page; waits for the next event where it is asked to. See FeedRequest, and `httpSource` for a consumer. */
  feed({ after, limit, waitMs }: FeedRequest = {}, options?: CallOptions): Promise<FeedPage> {
    const path = withPage('/feed', limit, after, waitMs === undefined ? {} : { wait: String(Math.round(waitMs / MS_A_SECOND)) });
    return this.#transport.call('GET', path, undefined, { ...options, extraMs: waitMs ?? 0 });
  }

  searchRecords(request: SearchRecordsRequest, options?: CallOptions): Promise<RecordPage> {
    return this.#transport.call('POST', '/records/search', request, options);
  }

  /** Closes the connections; calls under way end first. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  async #outcomes<T>(path: string, body: Lines<unknown> & { readonly waitMs?: number }, options?: CallOptions): Promise<readonly LineResult<T>[]> {
    const { outcomes } = await this.#transport.call<Outcomes<T>>('POST', path, body, options);
    return outcomes;
  }
}

function withPage(path: string, limit: number | undefined, after: string | undefined, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    ...more,
    ...(limit === undefined ? {} : { limit: String(limit) }),
    ...(after === undefined ? {} : { after }),
  }).toString();
  return query === '' ? path : `${path}?${query}`;
}

const derivedSecret = (privateKey: KeyObject): Uint8Array =>
  createHash('sha256')
    .update('renkei/bulk-secret\0')
    .update(privateKey.export({ type: 'pkcs8', format: 'der' }))
    .digest();
