import { Injectable } from '@nestjs/common';
import type {
  PersonReplicas as PersonReplicasAnswer,
  RecordedReplica,
  RegisterReplicaLine,
  ReplicaScopeLine,
  SearchReplicasRequest,
  WithdrawReplicaLine,
} from '#libs/agency-sdk';
import type { Execution, Outcome } from '#libs/commands';
import { REPLICA_CONTENT_BYTES_MAX, type ReplicaCommand, type ReplicaEvent } from '#libs/domain';
import { clear, DomainError, legalDay } from '#libs/kernel';
import { type LineOutcome, succeeded } from '#libs/protocol';
import { canonicalJson, checkContent } from '../layout/layout.js';
import { layoutFor } from '../layout/layouts.js';
import { assertBegun } from '../query/period.js';
import { causeOr, Recording } from '../record/recording.js';
import { officialOf, ServerParts, SYSTEM } from '../server-parts.js';
import { PersonReplicas, replicasOf } from './person-replicas.js';

type Result = LineOutcome<RecordedReplica>;
export type ScopeCommand = Extract<ReplicaCommand['type'], 'BlockAutomaticAnswer' | 'UnblockAutomaticAnswer' | 'SetNonDisclosure' | 'LiftNonDisclosure'>;

/** Takes in the replicas (副本) that an agency's existing systems register, and what an official says about them. */
@Injectable()
export class ReplicaRegister {
  constructor(
    private readonly parts: ServerParts,
    private readonly recording: Recording,
    private readonly persons: PersonReplicas,
  ) {}

  register(agency: string, lines: readonly RegisterReplicaLine[]): Promise<readonly Result[]> {
    return this.#record(agency, lines, (line, now) => this.#registration(agency, line, now));
  }

  withdraw(agency: string, lines: readonly WithdrawReplicaLine[]): Promise<readonly Result[]> {
    return this.#record(agency, lines, ({ inAgencyNumber: _person, ...key }) => ({ command: { type: 'WithdrawReplica', data: key }, actor: SYSTEM }));
  }

  scope(agency: string, type: ScopeCommand, lines: readonly ReplicaScopeLine[]): Promise<readonly Result[]> {
    return this.#record(agency, lines, ({ inAgencyNumber: _person, ...data }) => ({ command: { type, data }, actor: officialOf(data.department) }));
  }

  /** Everything that the agency holds of one person; empty for a person it does not know. */
  async search(agency: string, { inAgencyNumber, information }: SearchReplicasRequest): Promise<PersonReplicasAnswer> {
    const [history = []] = await this.persons.load([this.parts.subjectName(agency, inAgencyNumber)]);
    const { blocked, nonDisclosed } = replicasOf(history);
    const named = (scopes: ReadonlySet<string>): readonly string[] => [...scopes].map((scope) => (scope === '' ? '*' : scope)).sort();
    return { replicas: this.persons.inForce(history, information), blocked: named(blocked), nonDisclosed: named(nonDisclosed) };
  }

  #registration(agency: string, line: RegisterReplicaLine, now: string): { command: ReplicaCommand; actor: string } {
    const { inAgencyNumber, information, dataset, period, layout } = line;
    const today = legalDay(now);
    assertBegun(period, today);
    checkContent(line.content, layoutFor(information, layout, today));
    const content = canonicalJson(line.content);
    if (Buffer.byteLength(content) > REPLICA_CONTENT_BYTES_MAX) {
      throw new DomainError('CONTENT_TOO_LARGE', 'too-large', `the content of one replica is at most ${REPLICA_CONTENT_BYTES_MAX} bytes`, {
        field: 'content',
        rule: 'content-bytes-max',
      });
    }
    const key = { information, dataset, ...(period === undefined ? {} : { period }) };
    const digested = JSON.stringify([agency, inAgencyNumber, information, dataset, period ?? null, layout, content]);
    const contentDigest = this.parts.hmac('replica', digested);
    return { command: { type: 'RegisterReplica', data: { ...key, layout, content: clear(content), contentDigest } }, actor: SYSTEM };
  }

  async #record<L extends { readonly inAgencyNumber: string }>(
    agency: string,
    lines: readonly L[],
    commandOf: (line: L, now: string) => { command: ReplicaCommand; actor: string },
  ): Promise<readonly Result[]> {
    const now = this.parts.now();
    const results = new Array<Result>(lines.length);
    const accepted: { readonly index: number; readonly execution: Execution<ReplicaCommand> }[] = [];
    for (const [index, line] of lines.entries()) {
      try {
        const { command, actor } = commandOf(line, now);
        accepted.push({ index, execution: this.#execution(agency, line.inAgencyNumber, command, actor, now) });
      } catch (error) {
        results[index] = this.parts.failed(error);
      }
    }
    const outcomes = await this.recording.replicas(accepted.map(({ execution }) => execution));
    for (const [at, { index }] of accepted.entries()) results[index] = this.#resultOf(outcomes[at]);
    return results;
  }

  #execution(agency: string, inAgencyNumber: string, command: ReplicaCommand, actor: string, at: string): Execution<ReplicaCommand> {
    const name = this.parts.subjectName(agency, inAgencyNumber);
    const cause = causeOr(name);
    return {
      stream: `replica-${name}`,
      command,
      context: { at, actor, agency, correlationId: cause, causationId: cause, keyId: this.parts.subjectKey(agency, name) },
    };
  }

  #resultOf(outcome: Outcome<ReplicaEvent> | undefined): Result {
    return outcome?.status === 'fulfilled' ? succeeded({ recorded: outcome.value.added > 0 }) : this.parts.failed(outcome?.reason);
  }
}
