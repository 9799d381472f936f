import { Injectable } from '@nestjs/common';
import type { EndedProvision, EndProvisionRequest, HeldProvision, HeldProvisionPage } from '#libs/agency-sdk';
import type { Execution } from '#libs/commands';
import type { ProvisionCommand, ProvisionEvent } from '#libs/domain';
import { DomainError } from '#libs/kernel';
import { type LineOutcome, type ProvisionAnswer, succeeded, type WithdrawalNoticeLine } from '#libs/protocol';
import { Hosting } from '../hosting/hosting.js';
import { causeOr, Recording } from '../record/recording.js';
import { isNonDisclosed, PersonReplicas, type ReplicaHistory, replicasOf } from '../replica/person-replicas.js';
import { officialOf, ServerParts, SYSTEM } from '../server-parts.js';
import { sealedOf } from '../subject/subjects.js';
import { OutgoingProvisions } from './outgoing-provisions.js';
import { demandOf, ProvisionAnswers, type ProvisionHistory } from './provision-answers.js';

const notFound = (): DomainError =>
  new DomainError('PROVISION_NOT_FOUND', 'not-found', 'no such provision was demanded of this agency', { field: 'exchangeId' });

/** Provisions that wait for an official (自動応答不可): the work list, releases, ends, and withdrawals by the requester. */
@Injectable()
export class HeldProvisions {
  constructor(
    private readonly parts: ServerParts,
    private readonly hosting: Hosting,
    private readonly recording: Recording,
    private readonly persons: PersonReplicas,
    private readonly answers: ProvisionAnswers,
    private readonly outgoing: OutgoingProvisions,
  ) {}

  /** What is held for this agency and can still be answered. The view may lag: each row is checked against its stream. */
  async list(agency: string, limit: number, cursor?: string): Promise<HeldProvisionPage> {
    const { rows, next } = await this.parts.askFresh('heldProvisions', { agency, limit, cursor });
    const histories = await this.#load(rows.map(({ exchangeId }) => exchangeId));
    const provisions = rows.flatMap(({ exchangeId }, index) => this.#heldIn(exchangeId, histories[index] as ProvisionHistory));
    return { provisions, ...(next === undefined ? {} : { next }) };
  }

  /** Throws PROVISION_NOT_FOUND, PROVISION_ENDED, PROVISION_LAPSED. Released again, it is told as before. */
  async release(agency: string, exchangeId: string, department: string): Promise<EndedProvision> {
    const { history, replicas } = await this.#demanded(agency, exchangeId);
    const demand = demandOf(history);
    if (!demand) throw notFound();
    const now = this.parts.now();
    const { available } = this.persons.available(exchangeId, demand.subjectStream, replicas, demand, now);
    return this.#settle(agency, exchangeId, history, { type: 'ReleaseProvision', data: { agency, department, available, now } }, department);
  }

  /** Throws PROVISION_NOT_FOUND, PROVISION_MADE. */
  async end(agency: string, exchangeId: string, { department, reason }: EndProvisionRequest): Promise<EndedProvision> {
    const { history, replicas } = await this.#demanded(agency, exchangeId);
    const nonDisclosure = isNonDisclosed(replicasOf(replicas), demandOf(history)?.information ?? '');
    const data = { agency, reason, nonDisclosure, department, now: this.parts.now() };
    return this.#settle(agency, exchangeId, history, { type: 'EndWithoutProvision', data }, department);
  }

  /** Ends what is held and was withdrawn by its requester; null where nothing is held (any more). */
  async endWithdrawn(caller: string, lines: readonly WithdrawalNoticeLine[]): Promise<readonly LineOutcome<ProvisionAnswer | null>[]> {
    await this.hosting.know(lines.map(({ provider }) => provider));
    const histories = await this.#load(lines.map(({ exchangeId }) => exchangeId));
    const persons = await this.persons.load(histories.map((history) => demandOf(history)?.subjectStream));
    const now = this.parts.now();
    const results = new Array<LineOutcome<ProvisionAnswer | null>>(lines.length);
    const held: { readonly index: number; readonly execution: Execution<ProvisionCommand> }[] = [];
    for (const [index, { exchangeId, provider }] of lines.entries()) {
      const history = histories[index] as ProvisionHistory;
      try {
        this.hosting.assertSpeaksFor(caller, provider, 'provider');
        const demand = demandOf(history);
        if (demand?.provider !== provider || !isHeld(history)) {
          results[index] = succeeded(await this.#withdrawnBefore(exchangeId, provider, history));
          continue;
        }
        const nonDisclosure = isNonDisclosed(replicasOf(persons[index] as ReplicaHistory), demand.information);
        const command: ProvisionCommand = { type: 'EndWithoutProvision', data: { agency: provider, reason: 'WITHDRAWN', nonDisclosure, now } };
        held.push({ index, execution: this.#execution(provider, exchangeId, history, command, SYSTEM, now) });
      } catch (error) {
        results[index] = this.parts.failed(error);
      }
    }
    const outcomes = await this.recording.provisions(held.map(({ execution }) => execution));
    for (const [at, { index }] of held.entries()) {
      const { exchangeId, provider } = lines[index] as WithdrawalNoticeLine;
      const outcome = outcomes[at];
      results[index] =
        outcome?.status === 'fulfilled'
          ? succeeded(await this.#withdrawnBefore(exchangeId, provider, outcome.value.history))
          : this.parts.failed(outcome?.reason);
    }
    return results;
  }

  /** The report of an end by withdrawal, from the stored bytes; null where it ended otherwise, or was never demanded here. */
  async #withdrawnBefore(exchangeId: string, provider: string, history: ProvisionHistory): Promise<ProvisionAnswer | null> {
    const demand = demandOf(history);
    const last = history.at(-1)?.event as ProvisionEvent | undefined;
    if (demand?.provider !== provider || last?.type !== 'ProvisionNotMade' || last.data.reason !== 'WITHDRAWN') return null;
    return this.answers.answerOf(exchangeId, history, [], await this.hosting.interfaceSystemOf(demand.requester));
  }

  async #settle(agency: string, exchangeId: string, before: ProvisionHistory, command: ProvisionCommand, department: string): Promise<EndedProvision> {
    const [outcome] = await this.recording.provisions([this.#execution(agency, exchangeId, before, command, officialOf(department), this.parts.now())]);
    if (outcome?.status !== 'fulfilled') throw outcome?.reason;
    const { history } = outcome.value;
    const [replicas = []] = await this.answers.personsOf([history]);
    const answer = this.answers.answerOf(exchangeId, history, replicas, await this.hosting.interfaceSystemOf(demandOf(history)?.requester ?? ''));
    this.outgoing.send(answer);
    return { exchangeId, outcome: answer.outcome === 'made' ? 'made' : 'not-made', ...(answer.reason === undefined ? {} : { reason: answer.reason }) };
  }

  #execution(agency: string, exchangeId: string, history: ProvisionHistory, command: ProvisionCommand, actor: string, at: string): Execution<ProvisionCommand> {
    const requestedAt = demandOf(history)?.requestedAt ?? at;
    return {
      stream: `provision-${exchangeId}`,
      command,
      known: history,
      context: { at, actor, agency, correlationId: exchangeId, causationId: causeOr(exchangeId), keyId: this.parts.recordKey(agency, requestedAt) },
    };
  }

  async #demanded(agency: string, exchangeId: string): Promise<{ readonly history: ProvisionHistory; readonly replicas: ReplicaHistory }> {
    const [history] = (await this.#load([exchangeId])) as [ProvisionHistory];
    const demand = demandOf(history);
    if (demand?.provider !== agency) throw notFound();
    const [replicas = []] = await this.persons.load([demand.subjectStream]);
    return { history, replicas };
  }

  #heldIn(exchangeId: string, history: ProvisionHistory): readonly HeldProvision[] {
    const demand = demandOf(history);
    const last = history.at(-1)?.event as ProvisionEvent | undefined;
    if (!demand || last?.type !== 'ProvisionHeld' || demand.validUntil <= this.parts.now()) return [];
    const { requester, requesterInstitution, affair, procedure, information, dataset, period, validUntil, subject } = demand;
    const opened = subject === undefined ? undefined : this.parts.party.fields.open(sealedOf(subject));
    return [
      {
        exchangeId,
        requester,
        affair,
        information,
        reason: last.data.reason,
        heldAt: last.data.heldAt,
        validUntil,
        ...(requesterInstitution === undefined ? {} : { requesterInstitution }),
        ...(procedure === undefined ? {} : { procedure }),
        ...(dataset === undefined ? {} : { dataset }),
        ...(period === undefined ? {} : { period }),
        ...(opened === undefined || opened.erased ? {} : { inAgencyNumber: opened.value }),
      },
    ];
  }

  #load(exchangeIds: readonly string[]): Promise<readonly ProvisionHistory[]> {
    return this.parts.party.recorder.load<ProvisionEvent>(exchangeIds.map((exchangeId) => `provision-${exchangeId}`));
  }
}

const isHeld = (history: ProvisionHistory): boolean => history.at(-1)?.event.type === 'ProvisionHeld';
