import { type Basis, basisOf, type DecideQuery, exchangeDecider, judgeParties, type Legality, type Parties, verdictOf } from '#libs/domain';
import type { Protected } from '#libs/kernel';
import type { AgencyHistory } from './agency-revisions.js';
import { differencesOf } from './differences.js';
import type { Agreement, BasisEvidence, Difference, FindingCode } from './findings.js';
import type { Foundation } from './foundation.js';
import type { IdentifierAt } from './identifier-revisions.js';
import { LegalDays } from './legal-days.js';
import type { RecordedDecision } from './recorded.js';

/** A decision as it stands in the record. */
export interface PlacedDecision {
  readonly event: RecordedDecision;
  readonly position: number;
  /** NotificationImpossible stands behind it. */
  readonly impossible: boolean;
}
/** A finding before it is dressed with the decision's own place. */
export interface Found {
  readonly code: FindingCode;
  readonly differences: readonly Difference[];
  readonly basis: readonly BasisEvidence[];
}
export interface Judged {
  readonly agreement: Agreement;
  readonly found: readonly Found[];
  /** Who asked whom, as the basis has them: for questions under another law. */
  readonly parties: Parties;
  readonly day: string;
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };
interface IdentifierRef {
  readonly stream: string;
  readonly revision: number;
}
/** The identifiers' part in a decision. */
interface Identified {
  /** What the sent identifier came to; undefined where the law refused before it was looked at. */
  readonly valid: boolean | undefined;
  readonly providerIssued: boolean;
  /** The sealed identifier would have to be opened to say more. */
  readonly sealed: boolean;
}

/** How many changes of the law are gone back over to find the one that a decision did not know of. */
const LAW_STEPS_MAX = 32;
const NO_EVIDENCE: readonly BasisEvidence[] = [];
const NOTHING_FOUND: readonly Found[] = [];
/** Stands for the provider's identifier where the record lacks one that the decision should have. */
const LACKING: Protected = { value: '' };
const NOT_LOOKED_AT: Identified = { valid: undefined, providerIssued: false, sealed: false };
const NONE_ISSUED: IdentifierAt = { issued: false, epoch: 0, generation: 0 };

/** What a basis was worth when its decision was recorded. */
class BasisCheck {
  stale: BasisEvidence[] | undefined;
  unknown: BasisEvidence[] | undefined;

  take(stream: string, revision: number, newest: number, overtakenAt: number | undefined): void {
    if (revision === newest) return;
    const evidence = { stream, revision, newest, ...(overtakenAt === undefined ? {} : { position: String(overtakenAt) }) };
    if (revision > newest) (this.unknown ??= []).push(evidence);
    else (this.stale ??= []).push(evidence);
  }
}

/**
 * Decides recorded queries again: the parties, the law and the identifiers as they stood at the revisions that the decision
 * names, by the domain's own `judge` and decider. Nothing is read meanwhile; no order of decisions is needed.
 */
export class HistoryJudge {
  readonly #days = new LegalDays();

  constructor(private readonly foundation: Foundation) {}

  judge(decision: PlacedDecision): Judged {
    const { event, position } = decision;
    const { data } = event;
    const check = new BasisCheck();
    const parties = this.#parties(event, position, check);
    const day = this.#days.of(event.at);
    const laws = this.#laws(event, position, check);
    if (laws === undefined || check.unknown !== undefined) {
      const unknown = { code: 'BASIS_UNKNOWN' as const, differences: [], basis: check.unknown ?? NO_EVIDENCE };
      return { agreement: 'differs', found: [unknown], parties, day };
    }
    const legality = judgeParties(this.foundation.law.history(laws.newest), parties, data, day);
    const identified = this.#identified(event, legality, position, check);
    const differences = this.#differences(decision, parties, laws.newest, legality, identified, day);
    if (check.unknown !== undefined) {
      return { agreement: 'differs', found: [{ code: 'BASIS_UNKNOWN', differences, basis: check.unknown }], parties, day };
    }
    if (differences.length === 0 && check.stale === undefined) return { agreement: this.#agreement(event, identified), found: NOTHING_FOUND, parties, day };
    return { ...this.#found(decision, parties, laws, differences, identified, check, day), parties, day };
  }

  #agreement(event: RecordedDecision, { sealed, valid }: Identified): Agreement {
    if (valid === undefined) return 'agrees'; // the person's identifier was never looked at
    const { requesterSubject } = event.data;
    if ('key' in requesterSubject && this.foundation.destroyedKeys.has(requesterSubject.key)) return valid || sealed ? 'erased' : 'agrees';
    return sealed ? 'sealed' : 'agrees';
  }

  /** The parties at the revisions named. */
  #parties({ data }: RecordedDecision, position: number, check: BasisCheck): Parties {
    const { agencies } = this.foundation;
    const { basis, requesterInstitution, providerInstitution } = data;
    const at = (history: AgencyHistory, code: string, revision: number): ReturnType<AgencyHistory['at']> => {
      const newest = history.revisionBefore(position);
      if (revision !== newest) check.take(`agency-${code}`, revision, newest, history.positionOf(revision + 1));
      return history.at(revision);
    };
    const requesterHolder = at(agencies.of(data.requester), data.requester, basis.requester);
    const providerHolder = at(agencies.of(data.provider), data.provider, basis.provider);
    return {
      requesterHolder,
      requester:
        requesterInstitution === undefined ? requesterHolder : at(agencies.of(requesterInstitution), requesterInstitution, basis.requesterInstitution ?? -1),
      providerHolder,
      provider: providerInstitution === undefined ? providerHolder : at(agencies.of(providerInstitution), providerInstitution, basis.providerInstitution ?? -1),
    };
  }

  /** How much of the law the decision knew: the most, and the least, that its basis allows. */
  #laws({ data }: RecordedDecision, position: number, check: BasisCheck): { readonly newest: number; readonly oldest: number } | undefined {
    const { law } = this.foundation;
    const known = law.countBefore(position);
    let newest = known;
    let oldest = 0;
    const narrow = (stream: string, revision: number): boolean => {
      const counts = law.countsOf(stream, revision);
      if (counts === undefined || counts[0] > known) {
        check.take(stream, revision, law.revisionAt(stream, known), undefined);
        return false;
      }
      if (counts[1] < known) check.take(stream, revision, law.revisionAt(stream, known), law.positionOf(stream, revision + 1));
      if (counts[0] > oldest) oldest = counts[0];
      if (counts[1] < newest) newest = counts[1];
      return true;
    };
    const { table, basis } = data;
    let possible = table === undefined || basis.matrix === undefined || narrow(`matrix-${table}`, basis.matrix);
    if (basis.openings !== undefined) for (const { stream, revision } of basis.openings) possible = narrow(stream, revision) && possible;
    return possible && oldest <= newest ? { newest, oldest } : undefined;
  }

  #identified(event: RecordedDecision, legality: Legality, position: number, check: BasisCheck): Identified {
    if (!legality.permitted) return NOT_LOOKED_AT;
    const { requesterIdentifier, providerIdentifier } = event.data.basis;
    const denied = event.type === 'QueryDenied' && event.data.reason === 'IDENTIFIER_NOT_VALID';
    // not one of ours, or another's: that stood in the sealed text alone
    if (requesterIdentifier === undefined) return { valid: false, providerIssued: false, sealed: true };
    const asker = this.#identifier(requesterIdentifier, position, check);
    if (!asker.issued) return { valid: false, providerIssued: false, sealed: false };
    // an older or later one than that which stood: also that is sealed
    if (denied) return { valid: false, providerIssued: false, sealed: true };
    const answerer = providerIdentifier === undefined ? NONE_ISSUED : this.#identifier(providerIdentifier, position, check);
    return { valid: true, providerIssued: answerer.issued, sealed: false };
  }

  #identifier({ stream, revision }: IdentifierRef, position: number, check: BasisCheck): IdentifierAt {
    const { identifiers } = this.foundation;
    const row = identifiers.row(stream, revision);
    const isKnown = revision < 0 || (row >= 0 && identifiers.positionOf(row) < position);
    const following = !isKnown ? -1 : row < 0 ? identifiers.first(stream) : identifiers.after(row);
    if (!isKnown || (following >= 0 && identifiers.positionOf(following) < position)) {
      check.take(stream, revision, this.#newestIdentifier(stream, position), following < 0 ? undefined : identifiers.positionOf(following));
    }
    return identifiers.state(row);
  }

  #newestIdentifier(stream: string, position: number): number {
    const { identifiers } = this.foundation;
    let revision = -1;
    for (let row = identifiers.first(stream); row >= 0 && identifiers.positionOf(row) < position; row = identifiers.after(row)) revision += 1;
    return revision;
  }

  #differences(
    { event, impossible }: PlacedDecision,
    parties: Parties,
    count: number,
    legality: Legality,
    identified: Identified,
    day: string,
  ): readonly Difference[] {
    const { data } = event;
    const history = this.foundation.law.history(count);
    const basis: Writable<Basis> = basisOf(history, parties, data, legality);
    let outcome = legality;
    if (identified.valid !== undefined) {
      const { requesterIdentifier, providerIdentifier } = data.basis;
      if (requesterIdentifier !== undefined) basis.requesterIdentifier = requesterIdentifier;
      if (identified.valid) basis.providerIdentifier = providerIdentifier ?? { stream: 'identifier-…', revision: -1 };
      else outcome = judgeParties(history, parties, data, day, false);
    }
    const command: Writable<DecideQuery['data']> = {
      query: data,
      queryDigest: data.queryDigest,
      queryLeaf: data.queryLeaf,
      requesterSubject: data.requesterSubject as never, // sealed: the decider hands it on as it is
      verdict: verdictOf(outcome),
      validUntil: event.type === 'QueryPermitted' ? event.data.validUntil : '',
      basis,
    };
    if (identified.providerIssued) command.providerSubject = ((event.type === 'QueryPermitted' ? event.data.providerSubject : undefined) ?? LACKING) as never;
    return differencesOf(event, impossible, exchangeDecider.decide({ type: 'DecideQuery', data: command }, exchangeDecider.initialState));
  }

  /** What is wrong with a decision that is stale, or comes out otherwise. */
  #found(
    decision: PlacedDecision,
    parties: Parties,
    laws: { readonly newest: number; readonly oldest: number },
    differences: readonly Difference[],
    identified: Identified,
    check: BasisCheck,
    day: string,
  ): { readonly agreement: Agreement; readonly found: readonly Found[] } {
    const agreement = this.#agreement(decision.event, identified);
    if (differences.length === 0) {
      return { agreement, found: [{ code: 'BASIS_STALE', differences: this.#onNewest(decision, day), basis: check.stale ?? NO_EVIDENCE }] };
    }
    const missed = this.#missedLaw(decision, parties, laws, day);
    if (missed !== undefined) return { agreement, found: [{ code: 'BASIS_STALE', differences, basis: [...(check.stale ?? []), missed] }] };
    const differs = { code: 'DECISION_DIFFERS' as const, differences, basis: NO_EVIDENCE };
    const stale = { code: 'BASIS_STALE' as const, differences: [], basis: check.stale ?? NO_EVIDENCE };
    return { agreement: 'differs', found: check.stale === undefined ? [differs] : [differs, stale] };
  }

  /** How the decision would differ on what had been recorded by then. */
  #onNewest(decision: PlacedDecision, day: string): readonly Difference[] {
    const { event, position } = decision;
    const { data } = event;
    const { agencies, law } = this.foundation;
    const at = (code: string): ReturnType<AgencyHistory['at']> => agencies.of(code).at(agencies.of(code).revisionBefore(position));
    const [requesterHolder, providerHolder] = [at(data.requester), at(data.provider)];
    const { requesterInstitution, providerInstitution } = data;
    const parties: Parties = {
      requesterHolder,
      requester: requesterInstitution === undefined ? requesterHolder : at(requesterInstitution),
      providerHolder,
      provider: providerInstitution === undefined ? providerHolder : at(providerInstitution),
    };
    const count = law.countBefore(position);
    const legality = judgeParties(law.history(count), parties, data, day);
    const identified = this.#identifiedOnNewest(event, legality, position);
    return this.#differences(decision, parties, count, legality, identified, day).filter(({ field }) => !field.startsWith('basis.'));
  }

  #identifiedOnNewest(event: RecordedDecision, legality: Legality, position: number): Identified {
    const { requesterIdentifier, providerIdentifier } = event.data.basis;
    const newest = (ref: IdentifierRef | undefined): IdentifierRef | undefined =>
      ref && { stream: ref.stream, revision: this.#newestIdentifier(ref.stream, position) };
    const [asker, answerer] = [newest(requesterIdentifier), newest(providerIdentifier)];
    const basis = { ...event.data.basis };
    if (asker !== undefined) basis.requesterIdentifier = asker;
    if (answerer !== undefined) basis.providerIdentifier = answerer;
    return this.#identified({ ...event, data: { ...event.data, basis } } as RecordedDecision, legality, position, new BasisCheck());
  }

  /** The change of the law without which the decision comes out as recorded: it was recorded before it, in a stream that no basis names. */
  #missedLaw(
    decision: PlacedDecision,
    parties: Parties,
    { newest, oldest }: { readonly newest: number; readonly oldest: number },
    day: string,
  ): BasisEvidence | undefined {
    const { law } = this.foundation;
    let count = law.countBeforeChange(newest);
    for (let step = 0; step < LAW_STEPS_MAX && count !== undefined && count >= oldest; step += 1) {
      const legality = judgeParties(law.history(count), parties, decision.event.data, day);
      const identified = this.#identified(decision.event, legality, decision.position, new BasisCheck());
      if (this.#differences(decision, parties, count, legality, identified, day).length === 0) {
        const change = law.changeAfter(count);
        if (change === undefined) return undefined;
        return {
          stream: change.stream,
          revision: law.revisionAt(change.stream, count),
          newest: law.revisionAt(change.stream, newest),
          position: String(change.position),
        };
      }
      count = law.countBeforeChange(count);
    }
    return undefined;
  }
}
