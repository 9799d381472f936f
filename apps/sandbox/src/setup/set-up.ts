import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecretFile, readSecretFile, replaceSecretFile } from '#libs/cryptography';
import { affairsToAssess } from '#libs/domain';
import { type LineOutcome, type Outcomes, PATHS } from '#libs/protocol';
import { type ReferenceAgency, referenceAgencies, referenceEnactments, referenceHistory, referenceOpenings, referenceRepeals } from '#libs/reference-data';
import type { Language, Terminal } from '#libs/terminal';
import { type CastAgency, theCast } from '../cast/agencies.js';
import { inAgencyNumber, namedPersons, type Person } from '../cast/people.js';
import { castReplicas, identifiersWanted } from '../cast/replicas.js';
import { groupedBy } from '../grouped.js';
import { type Nation } from '../nation/nation.js';
import { setUpTexts } from './set-up.texts.js';

/** Steps in order; each may be done again, and is left out once it was done. */
const STEPS = ['law', 'agencies', 'identifiers', 'replicas', 'portal'] as const;
type Step = (typeof STEPS)[number];
const REGISTER_STEPS = ['law', 'agencies'] as const satisfies readonly Step[];

const LINES_A_CALL = 500;

/** What a nation gets: everybody with their replicas; the identifiers of those with a name (enough for what is refused); all agencies, and nobody. */
export type Scope = 'everything' | 'identifiers' | 'register';

/** What has been done, kept beside the data; written by replacing, so a kill leaves the old or the new. */
class Progress {
  readonly #done: Set<Step>;

  constructor(private readonly file: string) {
    this.#done = new Set(existsSync(file) ? ((JSON.parse(readFileSync(file, 'utf8')) as { done: Step[] }).done ?? []) : []);
  }
  has(step: Step): boolean {
    return this.#done.has(step);
  }
  add(step: Step): void {
    this.#done.add(step);
    writeFileSync(`${this.file}.new`, `${JSON.stringify({ done: [...this.#done] })}\n`);
    renameSync(`${this.file}.new`, this.file);
  }
}

function allDone<T>(outcomes: readonly LineOutcome<T>[], what: string): readonly T[] {
  return outcomes.map((outcome) => {
    if (!outcome.ok) throw new Error(`${what}: ${outcome.problem.code} ${outcome.problem.detail}`);
    return outcome.value;
  });
}

function pagesOf<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / LINES_A_CALL) }, (_, page) => all.slice(page * LINES_A_CALL, (page + 1) * LINES_A_CALL));
}

/** Makes a nation of running servers: the law, the register, identifiers of a small population, its replicas. Nothing twice. */
export class SetUp {
  readonly #progress: Progress;
  readonly #texts;

  constructor(
    private readonly nation: Nation,
    private readonly terminal: Terminal | undefined,
    language: Language,
    private readonly scope: Scope = 'everything',
  ) {
    this.#progress = new Progress(join(nation.directory, 'set-up.json'));
    this.#texts = setUpTexts(language);
  }

  /** True where every step had been done before. */
  get isDone(): boolean {
    return STEPS.every((step) => this.#progress.has(step));
  }

  async run(): Promise<void> {
    const steps: Readonly<Record<Step, () => Promise<void>>> = {
      law: () => this.#enactLaw(),
      agencies: () => this.#registerAgencies(),
      identifiers: () => this.#obtainIdentifiers(),
      replicas: () => this.#registerReplicas(),
      portal: () => this.#identifyAtPortal(),
    };
    for (const step of this.scope === 'register' ? REGISTER_STEPS : STEPS) {
      if (this.#progress.has(step)) continue;
      await steps[step]();
      this.#progress.add(step);
    }
    await this.nation.refreshDirectories();
  }

  async #enactLaw(): Promise<void> {
    const { operations } = this.nation.core;
    const enactments = referenceEnactments();
    for (const enactment of enactments) allDone([await operations.enactMatrix(enactment)], 'the table');
    for (const repeal of referenceRepeals()) allDone([await operations.repealMatrix(repeal)], 'a repeal');
    allDone(await operations.openOperations(referenceOpenings()), 'openings');
    this.#say(this.#texts.law(enactments.length, enactments.at(-1)?.items.length ?? 0));
  }

  async #registerAgencies(): Promise<void> {
    const { operations } = this.nation.core;
    const agencies = this.scope === 'identifiers' ? this.#castAgencies() : referenceAgencies();
    const progress = this.terminal?.progress(this.#texts.agencies, agencies.length);
    const exempt = theCast().unionUnassessed.code;
    const versions = referenceHistory().list();
    const affairs = new Map<string, Set<string>>();
    for (const { matrix } of versions) {
      for (const [agencyClass, codes] of affairsToAssess(matrix)) {
        const all = affairs.get(agencyClass) ?? new Set();
        for (const code of codes) all.add(code);
        affairs.set(agencyClass, all);
      }
    }
    let done = 0;
    for (const page of pagesOf(agencies)) {
      allDone(await operations.registerAgencies(page.map(({ registration }) => registration)), 'agencies');
      const holders = page.filter(({ registration }) => registration.codeHolder);
      allDone(
        await operations.hostAgencies(
          page.flatMap(({ registration: { code }, intermediateServer, interfaceSystem }) => {
            if (code === theCast().portal.code) return [{ code, intermediateServer: 'portal', interfaceSystem: 'portal' }];
            return intermediateServer && interfaceSystem ? [{ code, intermediateServer, interfaceSystem }] : [];
          }),
        ),
        'hostings',
      );
      allDone(await operations.delegateAgencies(page.flatMap(({ registration: { code }, delegatedTo: to }) => (to ? [{ code, to }] : []))), 'delegations');
      allDone(
        await operations.rotateAgencyKeys(
          holders.map(({ registration: { code } }) => {
            const { keyId, publicKey } = this.nation.keys.of(code);
            return { code, keyId, publicKey };
          }),
        ),
        'keys',
      );
      const assessed = page.flatMap(({ registration: { code, class: agencyClass } }) => {
        const codes = code === exempt ? undefined : affairs.get(agencyClass);
        return codes ? [{ code, affairs: [...codes].sort() }] : [];
      });
      allDone(await operations.publishAssessments(assessed), 'assessments');
      progress?.update((done += page.length));
    }
    progress?.stop();
    await this.nation.refreshDirectories();
  }

  /** Those that play a part, and who they act for: a nation of an earlier day needs no others. */
  #castAgencies(): readonly ReferenceAgency[] {
    const codes = new Set(Object.values(theCast()).map(({ code }) => code));
    return referenceAgencies().filter(({ registration: { code } }) => codes.has(code));
  }

  /** Numbers the persons, then each agency obtains its identifiers by the way of the law: core, registry, core. */
  async #obtainIdentifiers(): Promise<void> {
    const numbers = await this.#numberPersons();
    const wanted = [...this.#identifiers()];
    const total = wanted.reduce((sum, [, persons]) => sum + persons.length, 0);
    const progress = this.terminal?.progress(this.#texts.identifiers, total);
    let done = 0;
    for (const [agency, persons] of wanted) {
      for (const page of pagesOf(persons)) {
        await this.#obtain(agency, page, numbers);
        progress?.update((done += page.length));
      }
    }
    progress?.stop();
  }

  #identifiers(): ReadonlyMap<CastAgency, readonly Person[]> {
    const named = new Set(namedPersons().map(({ id }) => id));
    const all = [...identifiersWanted()].map(
      ([agency, persons]) => [agency, persons.filter(({ id }) => this.scope === 'everything' || named.has(id))] as const,
    );
    return new Map(all.filter(([, persons]) => persons.length > 0));
  }

  async #numberPersons(): Promise<ReadonlyMap<string, string>> {
    const persons = new Map([...[...this.#identifiers().values()].flat(), ...namedPersons()].map((person) => [person.id, person]));
    const numbers = new Map<string, string>();
    for (const [code, residents] of groupedBy(persons.values(), ({ municipality }) => municipality.code)) {
      for (const page of pagesOf(residents)) {
        const lines = page.map(({ residentRecordCode }) => ({ residentRecordCode }));
        const answers = await this.#atRegistry<{ individualNumber: string }>({ code }, PATHS.assignNumbers, lines);
        page.forEach(({ id }, index) => numbers.set(id, answers[index]?.individualNumber ?? ''));
      }
    }
    return numbers;
  }

  async #atRegistry<T>(agency: { readonly code: string }, path: string, lines: readonly object[]): Promise<readonly T[]> {
    const { outcomes } = await this.nation.terminal(agency).call<Outcomes<T>>({ method: 'POST', path, body: { lines }, idempotent: true });
    return allDone(outcomes, path);
  }

  async #obtain(agency: CastAgency, persons: readonly Person[], numbers: ReadonlyMap<string, string>): Promise<void> {
    const client = this.nation.client(agency);
    const requested = await client.requestAcquisitions(persons.map((person) => ({ inAgencyNumber: inAgencyNumber(agency, person) })));
    // whoever was identified before a kill is left alone
    const missing = requested.flatMap((outcome, index) =>
      !outcome.ok && outcome.problem.code === 'IDENTIFIER_HELD' ? [] : [{ outcome, person: persons[index] as Person }],
    );
    if (missing.length === 0) return;
    const acquisitions = allDone(
      missing.map(({ outcome }) => outcome),
      'acquisition numbers',
    ).map(({ acquisitionNumber }, index) => ({ acquisitionNumber, person: missing[index]?.person as Person }));
    const forwarded = acquisitions.map(({ acquisitionNumber, person: { id } }) => ({ acquisitionNumber, individualNumber: numbers.get(id) ?? '' }));
    await this.#atRegistry<true>(agency, PATHS.forwardAcquisitions, forwarded);
    const collected = allDone(
      await client.collectIdentifiers(
        acquisitions.map(({ acquisitionNumber, person }) => ({ acquisitionNumber, inAgencyNumber: inAgencyNumber(agency, person) })),
      ),
      'identifiers',
    );
    for (const { status } of collected) if (status !== 'obtained') throw new Error(`an identifier was not obtained: ${status}`);
  }

  async #registerReplicas(): Promise<void> {
    if (this.scope !== 'everything') return;
    const replicas = castReplicas();
    const progress = this.terminal?.progress(this.#texts.replicas, replicas.length);
    let done = 0;
    for (const [agency, own] of groupedBy(replicas, (replica) => replica.agency)) {
      for (const page of pagesOf(own)) {
        const lines = page.map(({ person, information, dataset, period, layout, content }) => ({
          inAgencyNumber: inAgencyNumber(agency, person),
          information,
          dataset,
          ...(period === undefined ? {} : { period }),
          layout,
          content,
        }));
        allDone(await this.nation.client(agency).registerReplicas(lines), 'replicas');
        progress?.update((done += page.length));
      }
    }
    progress?.stop();
  }

  /** The portal's own identifiers of the persons with a name (開示システム用符号). */
  async #identifyAtPortal(): Promise<void> {
    const { portal } = theCast();
    const persons = namedPersons();
    const numbers = await this.#numberPersons();
    const atCore = async <T>(path: string, lines: readonly object[]): Promise<readonly T[]> => {
      const { outcomes } = await this.nation.portal().call<Outcomes<T>>({ method: 'POST', path, body: { lines }, idempotent: true });
      return allDone(outcomes, path);
    };
    const acquired = await atCore<{ acquisitionNumber: string }>(
      PATHS.issueAcquisitionNumbers,
      persons.map(({ id }) => ({ holder: portal.code, reference: id })),
    );
    await this.#atRegistry<true>(
      portal,
      PATHS.forwardAcquisitions,
      persons.map(({ id }, index) => ({ acquisitionNumber: acquired[index]?.acquisitionNumber ?? '', individualNumber: numbers.get(id) ?? '' })),
    );
    const collected = await atCore<{ identifier?: string }>(
      PATHS.collectIdentifiers,
      acquired.map(({ acquisitionNumber }) => ({ holder: portal.code, acquisitionNumber })),
    );
    PortalIdentifiers.write(this.nation, Object.fromEntries(persons.map(({ id }, index) => [id, collected[index]?.identifier ?? ''])));
  }

  #say(text: string): void {
    this.terminal?.line(`  ${text}`);
  }
}

/** The portal's identifiers of persons, kept with its keys. */
export class PortalIdentifiers {
  static #file = (nation: Nation): string => join(nation.keysOf('portal'), 'identifiers.json');

  static write(nation: Nation, identifiers: Readonly<Record<string, string>>): void {
    const bytes = `${JSON.stringify(identifiers)}\n`;
    const file = PortalIdentifiers.#file(nation);
    if (readSecretFile(file)) replaceSecretFile(file, bytes);
    else createSecretFile(file, bytes);
  }

  static of(nation: Nation, person: Person): string {
    const identifiers = JSON.parse(readSecretFile(PortalIdentifiers.#file(nation))?.toString('utf8') ?? '{}') as Readonly<Record<string, string>>;
    return identifiers[person.id] ?? '';
  }
}
