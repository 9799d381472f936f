import { assertNever, type ClearField, type Decider, DomainError } from '#libs/kernel';
import type { ReplicaEvent } from './replica.events.js';

/** Content of one replica, canonical JSON text: an event may be 65,535 bytes long in all (format.md §1). */
export const REPLICA_CONTENT_BYTES_MAX = 45_000;
/** Replicas of one person and information (data sets × periods): all of them together must fit into one sealed delivery of 1 MiB. */
export const REPLICAS_PER_INFORMATION_MAX = 15;
/** Replicas of one person at one agency: bounds what a decision loads. */
export const REPLICAS_PER_SUBJECT_MAX = 2_000;

export interface ReplicaKey {
  readonly information: string;
  readonly dataset: string;
  /** Year or period; left out where the information has none. */
  readonly period?: string;
}
interface Version extends ReplicaKey {
  readonly layout: string;
  readonly content: ClearField;
  readonly contentDigest: string;
}
interface Scope {
  /** The whole person where it is left out. */
  readonly information?: string;
  readonly department: string;
}
export type ReplicaCommand =
  | { readonly type: 'RegisterReplica'; readonly data: Version }
  | { readonly type: 'WithdrawReplica'; readonly data: ReplicaKey }
  | { readonly type: 'BlockAutomaticAnswer' | 'UnblockAutomaticAnswer' | 'SetNonDisclosure' | 'LiftNonDisclosure'; readonly data: Scope };

export interface Replicas {
  /** By `keyOf`: digest of the content in force and the revision of the event that holds it. */
  readonly current: ReadonlyMap<string, { readonly contentDigest: string; readonly revision: number }>;
  /** Informations for which an official answers, and those whose fact is sealed; `''` is the whole person. */
  readonly blocked: ReadonlySet<string>;
  readonly nonDisclosed: ReadonlySet<string>;
  readonly revision: number;
}

export const keyOf = ({ information, dataset, period }: ReplicaKey): string => `${information}/${dataset}/${period ?? ''}`;

function register(data: Version, replicas: Replicas): readonly ReplicaEvent[] {
  const current = replicas.current.get(keyOf(data));
  if (current?.contentDigest === data.contentDigest) return [];
  if (
    !current &&
    (replicas.current.size >= REPLICAS_PER_SUBJECT_MAX || matching(replicas, { information: data.information }).length >= REPLICAS_PER_INFORMATION_MAX)
  ) {
    throw new DomainError(
      'TOO_MANY_REPLICAS',
      'unprocessable',
      `a person has at most ${REPLICAS_PER_SUBJECT_MAX} replicas at one agency, ${REPLICAS_PER_INFORMATION_MAX} of one information: withdraw old ones first`,
    );
  }
  return [{ type: current ? 'ReplicaCorrected' : 'ReplicaRegistered', data }];
}

function decide(command: ReplicaCommand, replicas: Replicas): readonly ReplicaEvent[] {
  switch (command.type) {
    case 'RegisterReplica':
      return register(command.data, replicas);
    case 'WithdrawReplica':
      return replicas.current.has(keyOf(command.data)) ? [{ type: 'ReplicaWithdrawn', data: command.data }] : [];
    case 'BlockAutomaticAnswer':
      return replicas.blocked.has(command.data.information ?? '') ? [] : [{ type: 'AutomaticAnswerBlocked', data: command.data }];
    case 'UnblockAutomaticAnswer':
      return replicas.blocked.has(command.data.information ?? '') ? [{ type: 'AutomaticAnswerUnblocked', data: command.data }] : [];
    case 'SetNonDisclosure':
      return replicas.nonDisclosed.has(command.data.information ?? '') ? [] : [{ type: 'NonDisclosureSet', data: command.data }];
    case 'LiftNonDisclosure':
      return replicas.nonDisclosed.has(command.data.information ?? '') ? [{ type: 'NonDisclosureLifted', data: command.data }] : [];
    default:
      return assertNever(command);
  }
}

const withMember = (set: ReadonlySet<string>, member: string): ReadonlySet<string> => new Set([...set, member]);
const withoutMember = (set: ReadonlySet<string>, member: string): ReadonlySet<string> => new Set([...set].filter((other) => other !== member));

function evolve(replicas: Replicas, event: ReplicaEvent): Replicas {
  const revision = replicas.revision + 1;
  switch (event.type) {
    case 'ReplicaRegistered':
    case 'ReplicaCorrected':
      return { ...replicas, revision, current: new Map(replicas.current).set(keyOf(event.data), { contentDigest: event.data.contentDigest, revision }) };
    case 'ReplicaWithdrawn': {
      const current = new Map(replicas.current);
      current.delete(keyOf(event.data));
      return { ...replicas, revision, current };
    }
    case 'AutomaticAnswerBlocked':
      return { ...replicas, revision, blocked: withMember(replicas.blocked, event.data.information ?? '') };
    case 'AutomaticAnswerUnblocked':
      return { ...replicas, revision, blocked: withoutMember(replicas.blocked, event.data.information ?? '') };
    case 'NonDisclosureSet':
      return { ...replicas, revision, nonDisclosed: withMember(replicas.nonDisclosed, event.data.information ?? '') };
    case 'NonDisclosureLifted':
      return { ...replicas, revision, nonDisclosed: withoutMember(replicas.nonDisclosed, event.data.information ?? '') };
    default:
      return assertNever(event);
  }
}

/** The replicas (副本) of one person at one agency, stream `replica-<HMAC of agency and in-agency number>`. */
export const replicaDecider: Decider<Replicas, ReplicaCommand, ReplicaEvent> = {
  decide,
  evolve,
  initialState: { current: new Map(), blocked: new Set(), nonDisclosed: new Set(), revision: -1 },
};

/** Replicas that answer a query: of its information, and where named its data set and period. */
export function matching(
  replicas: Replicas,
  wanted: { readonly information: string; readonly dataset?: string; readonly period?: string },
): readonly { key: string; revision: number }[] {
  const fits = (key: string): boolean => {
    const [information, dataset, ...period] = key.split('/');
    return (
      information === wanted.information &&
      (wanted.dataset === undefined || dataset === wanted.dataset) &&
      (wanted.period === undefined || period.join('/') === wanted.period)
    );
  };
  return [...replicas.current].filter(([key]) => fits(key)).map(([key, { revision }]) => ({ key, revision }));
}
