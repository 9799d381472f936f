import { exampleContentOf, layoutInUse } from '#apps/intermediate-server';
import { type AgencyClient, type RegisterReplicaLine, valueOf } from '#libs/agency-sdk';
import type { ReferenceAgency } from '#libs/reference-data';
import { groupedBy } from '../../grouped.js';
import { type Nation, REGISTRY } from '../../nation/nation.js';
import { DATASET, isAnswered, isHeld, type SimulatedExchange } from '../exchanges.js';
import { numberAt, type SimulatedPerson } from '../population.js';

export const LINES_A_CALL = 500;

/** An agency of the register as its existing system's client knows it. */
export function clientOf(nation: Nation, { registration: { code, name }, intermediateServer }: ReferenceAgency): AgencyClient {
  return nation.client({ code, name: { ja: name, en: name }, server: intermediateServer ?? '' });
}

export function pagesOf<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / LINES_A_CALL) }, (_, page) => all.slice(page * LINES_A_CALL, (page + 1) * LINES_A_CALL));
}

interface Pair {
  readonly agency: ReferenceAgency;
  readonly person: SimulatedPerson;
}
const keyOf = ({ agency, person }: Pair): string => `${agency.registration.code}/${person.index}`;

/** Identifiers and replicas by the agencies' own interfaces, when a person is first asked about. The registry's part is played by its key alone. */
export class LiveIdentities {
  readonly #identified = new Set<string>();
  readonly #replicas = new Set<string>();
  readonly #blocked = new Set<string>();

  constructor(private readonly nation: Nation) {}

  /** Everything that these exchanges of one day need. Rejects with the first refusal. */
  async ensure(exchanges: readonly SimulatedExchange[], day: string): Promise<void> {
    const missing = new Map<string, Pair>();
    const want = (pair: Pair): void => {
      if (!this.#identified.has(keyOf(pair))) missing.set(keyOf(pair), pair);
    };
    for (const { requester, provider, person, outcome } of exchanges) {
      want({ agency: requester.holder, person });
      if (outcome !== 'impossible' && outcome !== 'denied') want({ agency: provider.holder, person });
    }
    for (const [agency, pairs] of groupedBy(missing.values(), ({ agency: one }) => one)) {
      for (const page of pagesOf(pairs)) await this.#identify(agency, page);
    }
    const answered = exchanges.filter(isAnswered);
    for (const [agency, own] of groupedBy(answered, ({ provider }) => provider.holder)) {
      await this.#register(agency, own, day);
      await this.#block(agency, own.filter(isHeld));
    }
  }

  async #identify(agency: ReferenceAgency, pairs: readonly Pair[]): Promise<void> {
    const client = clientOf(this.nation, agency);
    const numbers = pairs.map(({ person }) => numberAt(agency.registration.code, person.index));
    const acquired = (await client.requestAcquisitions(numbers.map((inAgencyNumber) => ({ inAgencyNumber })))).map(valueOf);
    const lines = acquired.map(({ acquisitionNumber }, at) => ({ acquisitionNumber, residentRecordCode: pairs[at]?.person.residentRecordCode ?? '' }));
    for (const outcome of await this.nation.core.service.issueIdentifiers(REGISTRY, lines)) {
      if (!outcome.ok) throw new Error(`an identifier was not issued: ${outcome.problem.code}`);
    }
    const collected = await client.collectIdentifiers(
      acquired.map(({ acquisitionNumber }, at) => ({ acquisitionNumber, inAgencyNumber: numbers[at] as string })),
    );
    for (const { status } of collected.map(valueOf)) if (status !== 'obtained') throw new Error(`an identifier was not obtained: ${status}`);
    for (const pair of pairs) this.#identified.add(keyOf(pair));
  }

  async #register(agency: ReferenceAgency, exchanges: readonly SimulatedExchange[], day: string): Promise<void> {
    const { code } = agency.registration;
    const layout = layoutInUse(day);
    const lines = exchanges.flatMap(({ person, information, period }): RegisterReplicaLine[] => {
      const key = `${code}/${person.index}/${information}/${period ?? ''}`;
      if (this.#replicas.has(key)) return [];
      this.#replicas.add(key);
      const content = exampleContentOf(information, layout);
      const named = { inAgencyNumber: numberAt(code, person.index), information, dataset: DATASET, layout, content };
      return [period === undefined ? named : { ...named, period }];
    });
    for (const page of pagesOf(lines)) (await clientOf(this.nation, agency).registerReplicas(page)).forEach(valueOf);
  }

  async #block(agency: ReferenceAgency, held: readonly SimulatedExchange[]): Promise<void> {
    const { code } = agency.registration;
    const lines = held.flatMap(({ person, department }) => {
      const key = keyOf({ agency, person });
      if (this.#blocked.has(key)) return [];
      this.#blocked.add(key);
      return [{ inAgencyNumber: numberAt(code, person.index), department }];
    });
    for (const page of pagesOf(lines)) (await clientOf(this.nation, agency).blockAutomaticAnswers(page)).forEach(valueOf);
  }
}
