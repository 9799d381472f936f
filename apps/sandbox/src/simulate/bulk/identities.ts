import { exampleContentOf, layoutInUse } from '#apps/intermediate-server';
import type { Execution } from '#libs/commands';
import { holderKeyId, subjectKeyId } from '#libs/cryptography';
import {
  type AcquisitionCommand,
  acquisitionDecider,
  FIRST_GENERATION,
  type IdentifierCommand,
  identifierDecider,
  type ReplicaCommand,
  replicaDecider,
  type SubjectCommand,
  subjectDecider,
} from '#libs/domain';
import { clear, plusMs } from '#libs/kernel';
import type { ReferenceAgency } from '#libs/reference-data';
import { DATASET, isAnswered, isHeld, type SimulatedExchange } from '../exchanges.js';
import { numberAt, type SimulatedPerson } from '../population.js';
import { type BulkNation, type BulkServer, recordAll } from './bulk-nation.js';

const ACQUISITION_MS = 86_400_000;
const SYSTEM = 'system';

/** A person as one agency knows it, once its identifier was obtained. */
export interface Identity {
  readonly agency: ReferenceAgency;
  readonly server: BulkServer;
  readonly number: string;
  /** Stream id of `subject-` and `replica-`. */
  readonly name: string;
  readonly identifier: string;
  /** The core's stream. */
  readonly stream: string;
  /** Revisions of `replica-<name>`, by replica key; how many events are meant for it, and how many stand durably. */
  readonly replicas: Map<string, number>;
  planned: number;
  recorded: number;
  blocked: boolean;
}

const keyOf = (information: string, period: string | undefined): string => `${information}/${DATASET}/${period ?? ''}`;
/** Items in the record's words: `<information>/<data set>/<period>`. */
export const itemOf = keyOf;

interface Missing {
  readonly agency: ReferenceAgency;
  readonly person: SimulatedPerson;
}
/** What an agency asks to know of a person, before its stream is recorded. */
interface Obtaining extends Missing {
  readonly identity: Identity;
  readonly acquisitionNumber: string;
  /** HMACs of the number at the core and at the agency's server. */
  readonly acquisition: string;
  readonly ownAcquisition: string;
  readonly core: { readonly name: string; readonly identifier: string };
}

/**
 * Identifiers and replicas, recorded by the deciders of the law's second stage and of replicas when a person is first
 * asked about. The registry's part is played by the core's key alone. Held in memory: about 300 bytes an agency and person.
 */
export class Identities {
  readonly #known = new Map<string, Identity>();
  readonly #contents = new Map<string, string>();

  constructor(private readonly nation: BulkNation) {}

  of(agency: ReferenceAgency, person: SimulatedPerson): Identity | undefined {
    return this.#known.get(`${agency.registration.code}/${person.index}`);
  }

  /** Makes everything that these exchanges need, at a business instant before them. */
  async ensure(exchanges: readonly SimulatedExchange[], at: string, day: string): Promise<void> {
    const missing = new Map<string, Missing>();
    const want = (agency: ReferenceAgency, person: SimulatedPerson): void => {
      const key = `${agency.registration.code}/${person.index}`;
      if (!this.#known.has(key)) missing.set(key, { agency, person });
    };
    for (const { requester, provider, person, outcome } of exchanges) {
      want(requester.holder, person);
      if (outcome !== 'impossible' && outcome !== 'denied') want(provider.holder, person);
    }
    await this.#obtain([...missing.values()], at);
    await this.#register(exchanges, at, day);
  }

  async #obtain(missing: readonly Missing[], at: string): Promise<void> {
    if (missing.length === 0) return;
    const { core } = this.nation;
    const obtaining = missing.map((one) => this.#obtaining(one));
    const expiresAt = plusMs(at, ACQUISITION_MS);
    const ofCore = (name: string, stream: string, holder: string) => ({
      stream,
      context: { at, actor: SYSTEM, correlationId: name, causationId: name, keyId: holderKeyId(holder, name) },
    });
    await recordAll(
      core,
      acquisitionDecider,
      obtaining.map(({ identity, acquisition, acquisitionNumber }): Execution<AcquisitionCommand> => {
        const holder = identity.agency.registration.code;
        const data = { holder, reference: identity.name, acquisitionNumber: clear(acquisitionNumber), expiresAt, now: at };
        return { ...ofCore(acquisition, `acquisition-${acquisition}`, holder), isNew: true, command: { type: 'IssueAcquisitionNumber', data } };
      }),
    );
    await this.#atServers(obtaining, at, ({ identity, acquisitionNumber, ownAcquisition }) => ({
      type: 'RequestAcquisition',
      data: { subject: clear(identity.number), acquisitionNumber: clear(acquisitionNumber), acquisition: ownAcquisition, expiresAt, now: at },
    }));
    await recordAll(
      core,
      acquisitionDecider,
      obtaining.map(({ identity, acquisition }): Execution<AcquisitionCommand> => {
        const data = { identifierStream: identity.stream, acquisition, now: at };
        return { ...ofCore(acquisition, `acquisition-${acquisition}`, identity.agency.registration.code), command: { type: 'UseAcquisitionNumber', data } };
      }),
    );
    await recordAll(
      core,
      identifierDecider,
      obtaining.map(({ identity, acquisition, core: { name } }): Execution<IdentifierCommand> => {
        const holder = identity.agency.registration.code;
        const epoch = this.nation.cipher.currentEpoch;
        const data = { holder, epoch, identifier: clear(identity.identifier), acquisition, identifierStream: identity.stream };
        return { ...ofCore(name, identity.stream, holder), isNew: true, command: { type: 'IssueIdentifier', data } };
      }),
    );
    await this.#atServers(obtaining, at, ({ identity, ownAcquisition }) => ({
      type: 'RecordIdentifier',
      data: { subject: clear(identity.number), identifier: clear(identity.identifier), acquisition: ownAcquisition },
    }));
    for (const { identity, person } of obtaining) this.#known.set(`${identity.agency.registration.code}/${person.index}`, identity);
  }

  #obtaining({ agency, person }: Missing): Obtaining {
    const { core, cipher } = this.nation;
    const { code } = agency.registration;
    const server = this.nation.server(agency.intermediateServer);
    const number = numberAt(code, person.index);
    const name = server.party.names.subject(code, number);
    const link = cipher.linkOf(person.residentRecordCode);
    const coreName = core.names.identifier(code, link);
    const identifier = cipher.issue(code, link, FIRST_GENERATION);
    const acquisitionNumber = core.names.streamId(`acquisition-number/${code}/${name}/0`);
    const identity: Identity = {
      ...{ agency, server, number, name, identifier, stream: `identifier-${coreName}` },
      ...{ replicas: new Map(), planned: 0, recorded: 0, blocked: false },
    };
    return {
      ...{ agency, person, identity, acquisitionNumber, acquisition: core.names.acquisition(acquisitionNumber) },
      ...{ ownAcquisition: server.party.names.acquisition(acquisitionNumber), core: { name: coreName, identifier } },
    };
  }

  async #atServers(all: readonly Obtaining[], at: string, commandOf: (one: Obtaining) => SubjectCommand): Promise<void> {
    await byServer(
      all,
      ({ identity }) => identity.server,
      async (server, own) => {
        const executions = own.map((one): Execution<SubjectCommand> => {
          const { name, agency } = one.identity;
          const { code } = agency.registration;
          const context = { at, actor: SYSTEM, agency: code, correlationId: name, causationId: name, keyId: subjectKeyId(code, name) };
          return { stream: `subject-${name}`, command: commandOf(one), context };
        });
        await recordAll(server.party, subjectDecider, executions);
      },
    );
  }

  /** Replicas that are asked for and not there yet; what a flagged person's agencies say of it comes before. One event a stream and wave. */
  async #register(exchanges: readonly SimulatedExchange[], at: string, day: string): Promise<void> {
    const waves: Map<Identity, ReplicaCommand>[] = [];
    const planned = new Map<Identity, ReplicaCommand[]>();
    const plan = (identity: Identity, command: ReplicaCommand): void => {
      planned.set(identity, [...(planned.get(identity) ?? []), command]);
      identity.planned += 1;
    };
    for (const exchange of exchanges) {
      const identity = isAnswered(exchange) ? this.of(exchange.provider.holder, exchange.person) : undefined;
      if (identity === undefined) continue;
      if (isHeld(exchange) && !identity.blocked) {
        plan(identity, { type: 'BlockAutomaticAnswer', data: { department: exchange.department } });
        identity.blocked = true;
      }
      const { information, period } = exchange;
      const key = keyOf(information, period);
      if (identity.replicas.has(key)) continue;
      identity.replicas.set(key, identity.planned);
      plan(identity, this.#registration(identity, information, period, layoutInUse(day)));
    }
    for (const [identity, commands] of planned) {
      for (const [wave, command] of commands.entries()) (waves[wave] ??= new Map()).set(identity, command);
    }
    for (const wave of waves) {
      await byServer(
        [...wave],
        ([{ server }]) => server,
        async ({ party }, own) => {
          await recordAll(
            party,
            replicaDecider,
            own.map(([{ name, agency }, command]): Execution<ReplicaCommand> => {
              const { code } = agency.registration;
              const actor = command.type === 'BlockAutomaticAnswer' ? `official:${command.data.department}` : SYSTEM;
              const context = { at, actor, agency: code, correlationId: name, causationId: name, keyId: subjectKeyId(code, name) };
              return { stream: `replica-${name}`, command, context };
            }),
          );
          for (const [identity] of own) identity.recorded += 1;
        },
      );
    }
  }

  #registration(identity: Identity, information: string, period: string | undefined, layout: string): ReplicaCommand {
    const kind = `${information}/${layout}`;
    const content = this.#contents.get(kind) ?? JSON.stringify(sorted(exampleContentOf(information, layout)));
    this.#contents.set(kind, content);
    const { server, agency, number } = identity;
    const digested = JSON.stringify([agency.registration.code, number, information, DATASET, period ?? null, layout, content]);
    const contentDigest = server.hmac.digest(`replica/${digested}`, 'base64url');
    const key = { information, dataset: DATASET, ...(period === undefined ? {} : { period }) };
    return { type: 'RegisterReplica', data: { ...key, layout, content: clear(content), contentDigest } };
  }
}

/** The names of a flat content in order, as canonical JSON has them. */
const sorted = (content: object): object => Object.fromEntries(Object.entries(content).sort(([one], [other]) => (one < other ? -1 : 1)));

/** Work at each server on its own part of a list, all servers at once. */
export async function byServer<T>(
  all: readonly T[],
  serverOf: (one: T) => BulkServer,
  work: (server: BulkServer, own: readonly T[]) => Promise<void>,
): Promise<void> {
  const groups = new Map<BulkServer, T[]>();
  for (const one of all) {
    const own = groups.get(serverOf(one));
    if (own) own.push(one);
    else groups.set(serverOf(one), [one]);
  }
  await Promise.all([...groups].map(([server, own]) => work(server, own)));
}
