import { Injectable } from '@nestjs/common';
import type { Stored } from '#libs/commands';
import { type Available, matching, replicaDecider, type ReplicaEvent, type Replicas } from '#libs/domain';
import { DomainError, fold, legalDay } from '#libs/kernel';
import { canonicalJson, type Content } from '../layout/layout.js';
import { layoutInUse, upcast } from '../layout/layouts.js';
import { ServerParts } from '../server-parts.js';
import { sealedOf } from '../subject/subjects.js';

type Version = Extract<ReplicaEvent, { type: 'ReplicaRegistered' | 'ReplicaCorrected' }>['data'];
export type ReplicaHistory = readonly Stored<ReplicaEvent>[];
export interface Wanted {
  readonly information: string;
  readonly dataset?: string;
  readonly period?: string;
}
/** A replica that is given out: the event that holds it. */
export interface Cited {
  readonly stream: string;
  readonly revision: number;
}
/** One replica in force, opened. */
export interface OpenedReplica {
  readonly information: string;
  readonly dataset: string;
  readonly period?: string;
  readonly layout: string;
  readonly content: Content;
  readonly registeredAt: string;
}
export interface ProvisionContent {
  readonly random: string;
  readonly payload: string;
  readonly digest: string;
}

/** What answers a query, and the content that its digest is of. */
export interface Availability {
  readonly available: Available;
  readonly content?: ProvisionContent;
}

export const replicasOf = (history: ReplicaHistory): Replicas =>
  fold(
    replicaDecider,
    history.map(({ event }) => event as unknown as ReplicaEvent),
  );

export function blockedOf({ blocked }: Replicas, information: string): 'SUBJECT_BLOCKED' | 'RECORD_BLOCKED' | undefined {
  if (blocked.has('')) return 'SUBJECT_BLOCKED';
  return blocked.has(information) ? 'RECORD_BLOCKED' : undefined;
}
export const isNonDisclosed = ({ nonDisclosed }: Replicas, information: string): boolean => nonDisclosed.has('') || nonDisclosed.has(information);

function versionAt(history: ReplicaHistory, revision: number): { readonly data: Version; readonly at: string } {
  const event = history[revision]?.event;
  if (event?.type !== 'ReplicaRegistered' && event?.type !== 'ReplicaCorrected') {
    throw new DomainError('REPLICA_MISSING', 'internal', 'a cited replica is not in its stream');
  }
  return { data: event.data as Version, at: event.at };
}

/** What an agency holds of its persons: read from their streams, which are short; content is opened only where it leaves. */
@Injectable()
export class PersonReplicas {
  constructor(private readonly parts: ServerParts) {}

  /** The replica streams of many persons, in the order asked; of a name left out: nothing. */
  async load(names: readonly (string | undefined)[]): Promise<readonly ReplicaHistory[]> {
    const asked = names.map((name) => (name === undefined ? undefined : `replica-${name}`));
    const streams = [...new Set(asked.filter((stream) => stream !== undefined))];
    const histories = await this.parts.party.recorder.load<ReplicaEvent>(streams);
    const byStream = new Map(streams.map((stream, at) => [stream, histories[at] as ReplicaHistory]));
    return asked.map((stream) => (stream === undefined ? [] : (byStream.get(stream) as ReplicaHistory)));
  }

  /**
   * What answers a query at an instant. The content's digest is salted with an HMAC of the exchange id, so that whoever
   * builds the same answer again gets the same bytes and digest.
   */
  available(exchangeId: string, name: string | undefined, history: ReplicaHistory, wanted: Wanted, at: string): Availability {
    if (name === undefined) return { available: { kind: 'none', reason: 'SUBJECT_UNKNOWN', nonDisclosure: false } };
    const replicas = replicasOf(history);
    const nonDisclosure = isNonDisclosed(replicas, wanted.information);
    const blocked = blockedOf(replicas, wanted.information);
    const hold = blocked === undefined ? {} : { blocked };
    const found = matching(replicas, wanted);
    if (found.length === 0) return { available: { kind: 'none', reason: 'NO_RECORD', nonDisclosure, ...hold } };
    const cited = found.map(({ revision }) => ({ stream: `replica-${name}`, revision }));
    const content = this.content(exchangeId, history, cited, at);
    const { digest } = content;
    const items = found.map(({ key }) => key);
    return { available: { kind: 'replica', items, replicas: cited, replicaRevision: replicas.revision, digest, nonDisclosure, ...hold }, content };
  }

  /** The payload of cited replicas in the layout in use at an instant. Throws RECORD_ERASED where a key was destroyed. */
  content(exchangeId: string, history: ReplicaHistory, cited: readonly Cited[], at: string): ProvisionContent {
    const revisions = cited.map(({ revision }) => revision);
    const replicas = this.#open(history, revisions, layoutInUse(legalDay(at))).map(({ registeredAt: _at, ...replica }) => replica);
    const payload = canonicalJson({ replicas });
    const random = this.parts.hmac('provision-salt', exchangeId);
    return { random, payload, digest: this.parts.digestOf(random, payload) };
  }

  /** Everything in force of one person, each in the layout it was registered in. */
  inForce(history: ReplicaHistory, information?: string): readonly OpenedReplica[] {
    const revisions = [...replicasOf(history).current.values()].map(({ revision }) => revision);
    return this.#open(
      history,
      revisions.filter((revision) => information === undefined || versionAt(history, revision).data.information === information),
    );
  }

  #open(history: ReplicaHistory, revisions: readonly number[], layout?: string): readonly OpenedReplica[] {
    const versions = revisions.map((revision) => versionAt(history, revision));
    const fields = this.parts.party.fields.openAll(versions.map(({ data }) => sealedOf(data.content)));
    return versions.map(({ data, at }, index) => {
      const field = fields[index];
      if (!field || field.erased) throw new DomainError('RECORD_ERASED', 'unprocessable', 'the records of this person were erased at this agency');
      const { information, dataset, period, layout: written } = data;
      const content = JSON.parse(field.value) as Content;
      return {
        information,
        dataset,
        ...(period === undefined ? {} : { period }),
        layout: layout ?? written,
        content: layout === undefined ? content : upcast(information, content, written, layout),
        registeredAt: at,
      };
    });
  }
}
