import {
  type AgencyEvent,
  type AgencyStanding,
  agencyDecider,
  type ExchangeEvent,
  judge,
  type Law,
  type MatrixEvent,
  type MatrixVersion,
  type OpeningEvent,
  PermissionMatrix,
} from '#libs/domain';
import { fold, legalDay } from '#libs/kernel';
import type { Findings } from './findings.js';
import type { ProvenEvent } from './read-entries.js';
import type { ExchangeRecords, Streams } from './streams.js';

type Permitted = ProvenEvent<Extract<ExchangeEvent, { readonly type: 'QueryPermitted' }>>;
/** A version of the table as far as the bundle has it. */
interface Version {
  readonly enactment: MatrixVersion;
  /** The legal day from which it is repealed, by revision of its stream. */
  readonly repeals: readonly { readonly revision: number; readonly from: string }[];
  /** The items in the bundle, each compiled alone. */
  readonly items: ReadonlyMap<string, PermissionMatrix>;
}

/**
 * Decides permits again on the law and register in the bundle: the cited item of the cited version, the openings and the
 * agencies as they stood at the revisions that the decision names as its basis. Whether the person's identifier was valid,
 * and whether a newer version was in force, is not to be seen here; nor is a denial decided again, for that takes the
 * whole table.
 */
export class DecisionCheck {
  readonly #versions = new Map<string, Version | undefined>();
  readonly #standings = new Map<string, AgencyStanding | undefined>();

  constructor(
    private readonly streams: Streams,
    private readonly findings: Findings,
  ) {}

  check(exchanges: readonly ExchangeRecords[]): void {
    for (const { exchange, core } of exchanges) {
      const [decision] = core ?? [];
      if (decision === undefined) continue;
      const { type } = decision.event;
      if (type === 'QueryPermitted') this.#permit(exchange, decision as Permitted);
      else if (type === 'QueryDenied') this.findings.notProved('DENIAL_NOT_CHECKED', 1, { exchange });
      else this.findings.fail('RECORD_WITHOUT_DECISION', { exchange, entry: decision.entry });
    }
  }

  #permit(exchange: string, { entry, event }: Permitted): void {
    const { table, item, grant, affair, information, basis } = event.data;
    const about = { exchange, entry };
    const version = this.#version(table);
    const compiled = version?.items.get(item);
    if (version === undefined || compiled === undefined) return this.findings.notProved('LAW_NOT_IN_BUNDLE', 1, about);
    const day = legalDay(event.at);
    const basisRevision = basis.matrix ?? -1;
    const { itemCount, effectiveFrom, draft } = version.enactment;
    const repeal = version.repeals.find(({ revision }) => revision <= basisRevision);
    if (basisRevision < itemCount || draft || effectiveFrom > day || (repeal !== undefined && repeal.from <= day)) {
      return this.findings.fail('DECISION_UNLAWFUL', { ...about, what: 'NO_TABLE_IN_FORCE' });
    }
    // a repeal that the decision knew of is the next revision: without it the day of the repeal cannot be seen
    if (basisRevision > itemCount && repeal === undefined) return this.findings.notProved('LAW_NOT_IN_BUNDLE', 1, about);
    const open = this.#openings(basis.openings ?? [], item, day);
    const parties = this.#parties(event.data);
    if (parties === undefined || open === undefined) return this.findings.notProved('REGISTER_NOT_IN_BUNDLE', 1, about);
    const law: Law = { decide: (question) => compiled.decide(question, (requester, provider) => open.has(requester) && open.has(provider)) };
    const legality = judge(law, { ...parties, affair, information, day });
    if (!legality.permitted) return this.findings.fail('DECISION_UNLAWFUL', { ...about, what: legality.code });
    if (legality.grant !== grant || legality.version !== table) return this.findings.fail('DECISION_UNLAWFUL', { ...about, what: 'grant' });
    this.findings.proved('DECISION_LAWFUL');
  }

  /** Enactment, repeals and items of a version; undefined where the bundle does not hold what closes it. */
  #version(name: string): Version | undefined {
    if (this.#versions.has(name)) return this.#versions.get(name);
    const recorded = this.streams.of<MatrixEvent>(`matrix-${name}`).map(({ event }) => ({ revision: event.revision, event: event as unknown as MatrixEvent }));
    let version: Version | undefined;
    for (const { revision, event } of recorded) {
      if (event.type !== 'PermissionMatrixEnacted' || event.data.version !== name || event.data.itemCount !== revision) continue;
      version = { enactment: event.data, ...partsOf(event.data, recorded) };
      this.findings.proved('LAW_RECORDED', version.items.size + 1, { what: name });
    }
    this.#versions.set(name, version);
    return version;
  }

  /** Classes for which the item was open on that day, by the openings of the basis; undefined where one is not in the bundle. */
  #openings(basis: readonly { readonly stream: string; readonly revision: number }[], item: string, day: string): ReadonlySet<string> | undefined {
    const open = new Set<string>();
    for (const { stream, revision } of basis) {
      const events = this.streams.of<OpeningEvent>(stream).filter(({ event }) => event.revision <= revision);
      if (!stream.startsWith('opening-') || events.length !== revision + 1) return undefined;
      if (events.some(({ event }) => event.data.from <= day && event.data.items.includes(item))) open.add(stream.slice('opening-'.length));
    }
    return open;
  }

  /** Both sides as the register had them at the basis; undefined where the bundle does not hold one of them so far. */
  #parties({
    requester,
    requesterInstitution,
    provider,
    providerInstitution,
    basis,
  }: Permitted['event']['data']): Pick<Parameters<typeof judge>[1], 'requester' | 'provider' | 'requesterHolder' | 'providerHolder'> | undefined {
    const requesterHolder = this.#standing(requester, basis.requester);
    const providerHolder = this.#standing(provider, basis.provider);
    const asks = requesterInstitution === undefined ? requesterHolder : this.#standing(requesterInstitution, basis.requesterInstitution ?? -1);
    const answers = providerInstitution === undefined ? providerHolder : this.#standing(providerInstitution, basis.providerInstitution ?? -1);
    if (!requesterHolder || !providerHolder || !asks || !answers) return undefined;
    return { requester: asks, provider: answers, requesterHolder, providerHolder };
  }

  #standing(code: string, revision: number): AgencyStanding | undefined {
    const key = `${code} ${revision}`;
    if (this.#standings.has(key)) return this.#standings.get(key);
    const events = this.streams.of<AgencyEvent>(`agency-${code}`).filter(({ event }) => event.revision <= revision);
    const isWhole = revision >= 0 && events.length === revision + 1;
    const state = isWhole
      ? fold(
          agencyDecider,
          events.map(({ event }) => event as unknown as AgencyEvent),
        )
      : undefined;
    const standing = state?.status === 'registered' && state.code === code ? state : undefined;
    this.#standings.set(key, standing);
    return standing;
  }
}

/** Repeals, and items: what stands behind the closing event is no part of the version. */
function partsOf(
  enactment: MatrixVersion,
  recorded: readonly { readonly revision: number; readonly event: MatrixEvent }[],
): Pick<Version, 'repeals' | 'items'> {
  const items = new Map<string, PermissionMatrix>();
  const repeals: { revision: number; from: string }[] = [];
  for (const { revision, event } of recorded) {
    if (event.type === 'PermissionMatrixRepealed') repeals.push({ revision, from: event.data.effectiveFrom });
    else if (event.type === 'PermissionItemEnacted' && revision < enactment.itemCount && event.data.version === enactment.version) {
      items.set(event.data.item, PermissionMatrix.compile(enactment, [event.data]));
    }
  }
  return { items, repeals };
}
