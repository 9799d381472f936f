import { type AgencyStanding, basisOf, judgeParties, type Legality, type Parties, type PartiesQuestion, type Verdict, verdictOf } from '#libs/domain';
import type { AgencyHistory } from './agency-revisions.js';
import { ABSENT, type DecisionScan } from './decision-scan.js';
import type { Agreement } from './findings.js';
import type { Foundation } from './foundation.js';
import { LegalDays } from './legal-days.js';
import { type ChangeCount, type Counting, outcomeOf } from './other-law.js';

/** Kinds of agency standings that are told apart; a record with more is judged the long way. */
const PROFILES_MAX = 4_096;
const PAIRS_MAX = 32_768;
const FLAGS = 32;
/** Days and states of the law whose answers are kept at hand, and answers of each. */
const SITTINGS_MAX = 64;
const ANSWERS_MAX = 100_000;

/** What every decision on the same question must say: in the words of its canonical text. */
interface Answer {
  readonly permitted: boolean;
  readonly law: string;
  readonly outcome: string;
  /** Where the law permits, and the identifier is not valid. */
  readonly invalid: string;
  readonly change: Counting | undefined;
  readonly invalidChange: Counting | undefined;
}
interface Sitting {
  readonly day: string;
  readonly count: number;
  readonly answers: Map<number, Answer>;
}
/** One side of a query as the record had it last before the decision. */
interface Side {
  readonly holder: AgencyHistory;
  readonly institution: AgencyHistory;
  readonly holderRevision: number;
  readonly institutionRevision: number;
}

/**
 * The short way through decisions that are as they must be. The law sees of an agency a few facts, which thousands share:
 * its answer to a question is asked for once (`judgeParties`, `basisOf`, `verdictOf` of the domain) and then compared with
 * the decision's own text. It says nothing of a decision that it cannot confirm – a stale basis, another word – and that one
 * is judged the long way (`HistoryJudge`). A specification holds both ways equal.
 */
export class QuickJudge {
  /** Of the decision confirmed last. */
  day = '';
  change: Counting | undefined;
  readonly #days = new LegalDays();
  readonly #profiles = new Map<string, number>();
  readonly #pairs = new Map<string, Map<string, number>>();
  #pairCount = 0;
  readonly #sittings = new Map<string, Sitting>();
  #sitting: Sitting = { day: '', count: ABSENT, answers: new Map() };

  constructor(
    private readonly foundation: Foundation,
    private readonly namedLocalGovernments: ReadonlySet<string>,
    private readonly changes: ChangeCount | undefined,
  ) {}

  /** How the decision that was scanned comes out again, where it can be confirmed. */
  confirm(scan: DecisionScan, position: number, impossible: boolean): Agreement | undefined {
    const asking = this.#side(scan.requester, scan.requesterInstitution, position);
    const answering = this.#side(scan.provider, scan.providerInstitution, position);
    if (
      scan.requesterRevision !== asking.holderRevision ||
      scan.providerRevision !== answering.holderRevision ||
      scan.requesterInstitutionRevision !== (scan.requesterInstitution === undefined ? ABSENT - 1 : asking.institutionRevision) ||
      scan.providerInstitutionRevision !== (scan.providerInstitution === undefined ? ABSENT - 1 : answering.institutionRevision)
    )
      return undefined;
    const answer = this.#answer(scan, position, asking, answering);
    if (answer?.law !== scan.law) return undefined;
    if (!answer.permitted) {
      if (scan.permitted || scan.outcome !== answer.outcome || scan.requesterIdentifierAt >= 0 || scan.providerIdentifierAt >= 0) return undefined;
      this.change = answer.change;
      return 'agrees';
    }
    return scan.permitted ? this.#permit(scan, position, impossible, answer) : this.#invalid(scan, position, answer);
  }

  #permit(scan: DecisionScan, position: number, impossible: boolean, answer: Answer): Agreement | undefined {
    const { identifiers } = this.foundation;
    if (scan.outcome !== answer.outcome || scan.requesterIdentifierAt < 0 || scan.providerIdentifierAt < 0) return undefined;
    const own = identifiers.seek(scan.text, scan.requesterIdentifierAt, position);
    if (identifiers.revision !== scan.requesterIdentifierRevision || !identifiers.isIssued(own)) return undefined;
    const others = identifiers.isIssued(identifiers.seek(scan.text, scan.providerIdentifierAt, position));
    if (identifiers.revision !== scan.providerIdentifierRevision || others !== scan.hasProviderSubject || others === impossible) return undefined;
    this.change = answer.change;
    return this.#isErased(scan) ? 'erased' : 'agrees';
  }

  #invalid(scan: DecisionScan, position: number, answer: Answer): Agreement | undefined {
    const { identifiers } = this.foundation;
    if (scan.outcome !== answer.invalid || scan.providerIdentifierAt >= 0) return undefined;
    let sealed = true;
    if (scan.requesterIdentifierAt >= 0) {
      sealed = identifiers.isIssued(identifiers.seek(scan.text, scan.requesterIdentifierAt, position));
      if (identifiers.revision !== scan.requesterIdentifierRevision) return undefined;
    }
    this.change = answer.invalidChange;
    if (!sealed) return 'agrees';
    return this.#isErased(scan) ? 'erased' : 'sealed';
  }

  #isErased({ key }: DecisionScan): boolean {
    return this.foundation.destroyedKeys.size > 0 && this.foundation.destroyedKeys.has(key);
  }

  #side(code: string, institution: string | undefined, position: number): Side {
    const { agencies } = this.foundation;
    const holder = agencies.of(code);
    const holderRevision = holder.revisionBefore(position);
    if (institution === undefined) return { holder, institution: holder, holderRevision, institutionRevision: holderRevision };
    const own = agencies.of(institution);
    return { holder, institution: own, holderRevision, institutionRevision: own.revisionBefore(position) };
  }

  #answer(scan: DecisionScan, position: number, asking: Side, answering: Side): Answer | undefined {
    const sitting = this.#sittingOf(scan, this.foundation.law.countBefore(position));
    this.day = sitting.day;
    const asker = asking.holderRevision < 0 ? 0 : asking.institution.profileAt(asking.institutionRevision, this.#profile);
    const answerer = answering.holderRevision < 0 ? 0 : answering.institution.profileAt(answering.institutionRevision, this.#profile);
    // the holder alone is not registered: its institution's class would not be told by the profile
    if (asker === 0 && scan.requesterInstitution !== undefined) return undefined;
    const pair = this.#pair(scan.affair, scan.information);
    if (asker >= PROFILES_MAX || answerer >= PROFILES_MAX || pair >= PAIRS_MAX) return undefined;
    const flags = (asking.institution === answering.institution ? 1 : 0) | (flagsOf(asking) << 1) | (flagsOf(answering) << 3);
    const name = ((pair * PROFILES_MAX + asker) * PROFILES_MAX + answerer) * FLAGS + flags;
    const known = sitting.answers.get(name);
    if (known !== undefined) return known;
    const made = this.#make(scan, sitting, asking, answering);
    if (sitting.answers.size >= ANSWERS_MAX) sitting.answers.clear();
    sitting.answers.set(name, made);
    return made;
  }

  #sittingOf(scan: DecisionScan, count: number): Sitting {
    const day = this.#days.of(scan);
    if (this.#sitting.day === day && this.#sitting.count === count) return this.#sitting;
    const name = `${day} ${count}`;
    let sitting = this.#sittings.get(name);
    if (sitting === undefined) {
      if (this.#sittings.size >= SITTINGS_MAX) this.#sittings.delete(this.#sittings.keys().next().value as string);
      sitting = { day, count, answers: new Map<number, Answer>() };
      this.#sittings.set(name, sitting);
    }
    this.#sitting = sitting;
    return sitting;
  }

  #make(scan: DecisionScan, { day, count }: Sitting, asking: Side, answering: Side): Answer {
    const history = this.foundation.law.history(count);
    const parties: Parties = {
      requesterHolder: asking.holder.at(asking.holderRevision),
      requester: asking.institution.at(asking.institutionRevision),
      providerHolder: answering.holder.at(answering.holderRevision),
      provider: answering.institution.at(answering.institutionRevision),
    };
    const { requester, requesterInstitution, provider, providerInstitution, affair, information } = scan;
    const question: PartiesQuestion = {
      requester,
      provider,
      affair,
      information,
      ...(requesterInstitution === undefined ? {} : { requesterInstitution }),
      ...(providerInstitution === undefined ? {} : { providerInstitution }),
    };
    const legality = judgeParties(history, parties, question, day);
    const { matrix, openings } = basisOf(history, parties, question, legality);
    const invalid = legality.permitted ? judgeParties(history, parties, question, day, false) : legality;
    const change = (of: Legality): Counting | undefined => this.changes?.groupOf(outcomeOf(of), question, parties, day);
    return {
      permitted: legality.permitted,
      law: lawText(matrix, openings),
      outcome: outcomeText(verdictOf(legality)),
      invalid: outcomeText(verdictOf(invalid)),
      change: change(legality),
      invalidChange: change(invalid),
    };
  }

  #pair(affair: string, information: string): number {
    let ofAffair = this.#pairs.get(affair);
    if (ofAffair === undefined) this.#pairs.set(affair, (ofAffair = new Map<string, number>()));
    let pair = ofAffair.get(information);
    if (pair === undefined) {
      ofAffair.set(information, (pair = this.#pairCount));
      this.#pairCount += 1;
    }
    return pair;
  }

  /** All that `judge` looks at in an institution, but who it is. */
  readonly #profile = (state: AgencyStanding, newest: AgencyStanding): number => {
    const { class: name, codeHolder, localGovernment, welfareOffice, healthCentre, suspended, participation, assessed } = state;
    const named = localGovernment !== undefined && this.namedLocalGovernments.has(localGovernment) ? localGovernment : null;
    const facts = [name, codeHolder, named, welfareOffice, healthCentre, suspended, participation, newest.participation, [...assessed].sort()];
    const text = JSON.stringify(facts);
    const known = this.#profiles.get(text);
    if (known !== undefined) return known;
    this.#profiles.set(text, this.#profiles.size + 1); // 0 is one that was not registered
    return this.#profiles.size;
  };
}

/** What a holder adds to its institution: whether it acts for it, and whether it is suspended. */
function flagsOf({ holder, institution, holderRevision, institutionRevision }: Side): number {
  const acting = holder.at(holderRevision)?.state;
  const own = institution.at(institutionRevision)?.state;
  const acts = holder === institution || (acting !== undefined && acting.code === own?.delegatedTo);
  return (acts ? 1 : 0) | (acting?.suspended === true ? 2 : 0);
}

function lawText(matrix: number | undefined, openings: readonly { readonly stream: string; readonly revision: number }[] | undefined): string {
  const opened = openings?.map(({ stream, revision }) => `{"revision":${revision},"stream":${JSON.stringify(stream)}}`).join(',');
  return `${matrix === undefined ? '' : `"matrix":${matrix},`}${opened === undefined ? '' : `"openings":[${opened}],`}`;
}

/** The parts of a decision that are the verdict's, as `DecisionScan` collects them. */
function outcomeText(verdict: Verdict): string {
  const quoted = (text: string): string => JSON.stringify(text).slice(0, -1);
  const item = verdict.item === undefined ? '' : `","item":${quoted(verdict.item)}`;
  const table = verdict.table === undefined ? '' : `"table":${quoted(verdict.table)}`;
  const text = verdict.permitted
    ? `"grant":${verdict.grant}${item}${table}`
    : `","article":${quoted(verdict.article)}"exceptionApplied":${String(verdict.exceptionApplied)}${item}","reason":${quoted(verdict.reason)}${table}`;
  return Buffer.from(text).toString('latin1');
}
