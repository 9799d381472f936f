import { type AgencyStanding, basisOf, judgeParties, type Legality, type Parties, type PartiesQuestion, type Verdict, verdictOf } from '#libs/domain';
import type { AgencyHistory } from './agency-revisions.js';
import { ByteMap, isSameBytes } from './byte-map.js';
import { type DecisionScan, NONE, type Part } from './decision-scan.js';
import type { Agreement } from './findings.js';
import type { Foundation } from './foundation.js';
import { LegalDays } from './legal-days.js';
import { type ChangeCount, type Counting, outcomeOf } from './other-law.js';

/** Kinds of agency standings that are told apart; a record with more is judged the long way. */
const PROFILES_MAX = 4_096;
/** Affairs, and kinds of information; a record that names more is judged the long way. */
const CODES_MAX = 4_096;
const FLAGS = 32;
/** Agencies whose codes are kept as bytes. */
const AGENCIES_MAX = 65_536;
/** Days and states of the law whose answers are kept at hand, and answers of each. */
const SITTINGS_MAX = 64;
const ANSWERS_MAX = 100_000;
const HOUR_BYTES = 13;
const AT_BYTES = 24;

/** What every decision on the same question must say: in the words of its canonical text. */
interface Answer {
  readonly permitted: boolean;
  readonly law: Uint8Array;
  readonly outcome: Outcome;
  /** Where the law permits, and the identifier is not valid. */
  readonly invalid: Outcome;
  readonly change: Counting | undefined;
  readonly invalidChange: Counting | undefined;
}
/** The verdict's parts of a decision; undefined where it must have no such part. */
type Outcome = Readonly<Record<'article' | 'exceptionApplied' | 'grant' | 'item' | 'reason' | 'table', Uint8Array | undefined>>;
interface Sitting {
  readonly day: string;
  readonly count: number;
  /** By affair and information, then by what the law sees of the parties. */
  readonly answers: Map<number, Map<number, Answer>>;
  size: number;
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
  #hour = new Uint8Array();
  #dayOfHour = '';
  readonly #profiles = new Map<string, number>();
  readonly #agencies = new ByteMap<AgencyHistory>();
  readonly #affairs = new ByteMap<number>();
  readonly #information = new ByteMap<number>();
  readonly #sittings = new Map<string, Sitting>();
  #sitting: Sitting = { day: '', count: NONE, answers: new Map(), size: 0 };

  constructor(
    private readonly foundation: Foundation,
    private readonly namedLocalGovernments: ReadonlySet<string>,
    private readonly changes: ChangeCount | undefined,
  ) {}

  /** How the decision that was scanned comes out again, where it can be confirmed. */
  confirm(scan: DecisionScan, position: number, impossible: boolean): Agreement | undefined {
    const asking = this.#side(scan.requester, scan.requesterInstitution, scan, position);
    const answering = this.#side(scan.provider, scan.providerInstitution, scan, position);
    if (
      scan.requesterRevision !== asking.holderRevision ||
      scan.providerRevision !== answering.holderRevision ||
      scan.requesterInstitutionRevision !== (scan.requesterInstitution.from < 0 ? NONE : asking.institutionRevision) ||
      scan.providerInstitutionRevision !== (scan.providerInstitution.from < 0 ? NONE : answering.institutionRevision)
    )
      return undefined;
    const answer = this.#answer(scan, position, asking, answering);
    if (answer === undefined || !isSameBytes(answer.law, scan.bytes, scan.law.from, scan.law.to)) return undefined;
    if (!answer.permitted) {
      if (scan.permitted || !says(scan, answer.outcome) || scan.requesterIdentifierAt >= 0 || scan.providerIdentifierAt >= 0) return undefined;
      this.change = answer.change;
      return 'agrees';
    }
    return scan.permitted ? this.#permit(scan, position, impossible, answer) : this.#invalid(scan, position, answer);
  }

  #permit(scan: DecisionScan, position: number, impossible: boolean, answer: Answer): Agreement | undefined {
    const { identifiers } = this.foundation;
    if (!says(scan, answer.outcome) || scan.requesterIdentifierAt < 0 || scan.providerIdentifierAt < 0) return undefined;
    const own = identifiers.seek(scan.bytes, scan.requesterIdentifierAt, position);
    if (identifiers.revision !== scan.requesterIdentifierRevision || !identifiers.isIssued(own)) return undefined;
    const others = identifiers.isIssued(identifiers.seek(scan.bytes, scan.providerIdentifierAt, position));
    if (identifiers.revision !== scan.providerIdentifierRevision || others !== scan.hasProviderSubject || others === impossible) return undefined;
    this.change = answer.change;
    return this.#isErased(scan) ? 'erased' : 'agrees';
  }

  #invalid(scan: DecisionScan, position: number, answer: Answer): Agreement | undefined {
    const { identifiers } = this.foundation;
    if (!says(scan, answer.invalid) || scan.providerIdentifierAt >= 0) return undefined;
    let sealed = true;
    if (scan.requesterIdentifierAt >= 0) {
      sealed = identifiers.isIssued(identifiers.seek(scan.bytes, scan.requesterIdentifierAt, position));
      if (identifiers.revision !== scan.requesterIdentifierRevision) return undefined;
    }
    this.change = answer.invalidChange;
    if (!sealed) return 'agrees';
    return this.#isErased(scan) ? 'erased' : 'sealed';
  }

  #isErased(scan: DecisionScan): boolean {
    const { destroyedKeys } = this.foundation;
    return destroyedKeys.size > 0 && destroyedKeys.has(scan.textOf(scan.key));
  }

  #side(code: Part, institution: Part, scan: DecisionScan, position: number): Side {
    const holder = this.#agency(code, scan);
    const holderRevision = holder.revisionBefore(position);
    if (institution.from < 0) return { holder, institution: holder, holderRevision, institutionRevision: holderRevision };
    const own = this.#agency(institution, scan);
    return { holder, institution: own, holderRevision, institutionRevision: own.revisionBefore(position) };
  }

  #agency(code: Part, scan: DecisionScan): AgencyHistory {
    const known = this.#agencies.get(scan.bytes, code.from, code.to);
    if (known !== undefined) return known;
    if (this.#agencies.size >= AGENCIES_MAX) this.#agencies.clear();
    return this.#agencies.add(scan.bytes, code.from, code.to, this.foundation.agencies.of(scan.textOf(code)));
  }

  #answer(scan: DecisionScan, position: number, asking: Side, answering: Side): Answer | undefined {
    const sitting = this.#sittingOf(scan, this.foundation.law.countBefore(position));
    this.day = sitting.day;
    const asker = asking.holderRevision < 0 ? 0 : asking.institution.profileAt(asking.institutionRevision, this.#profile);
    const answerer = answering.holderRevision < 0 ? 0 : answering.institution.profileAt(answering.institutionRevision, this.#profile);
    // the holder alone is not registered: its institution's class would not be told by the profile
    if (asker === 0 && scan.requesterInstitution.from >= 0) return undefined;
    const affair = numberIn(this.#affairs, scan, scan.affair);
    const information = numberIn(this.#information, scan, scan.information);
    if (asker >= PROFILES_MAX || answerer >= PROFILES_MAX || affair >= CODES_MAX || information >= CODES_MAX) return undefined;
    const matter = affair * CODES_MAX + information;
    const flags = (asking.institution === answering.institution ? 1 : 0) | (flagsOf(asking) << 1) | (flagsOf(answering) << 3);
    const parties = (asker * PROFILES_MAX + answerer) * FLAGS + flags;
    const known = sitting.answers.get(matter)?.get(parties);
    if (known !== undefined) return known;
    const made = this.#make(scan, sitting, asking, answering);
    if (sitting.size >= ANSWERS_MAX) {
      sitting.answers.clear();
      sitting.size = 0;
    }
    const ofMatter = sitting.answers.get(matter) ?? new Map<number, Answer>();
    sitting.answers.set(matter, ofMatter.set(parties, made));
    sitting.size += 1;
    return made;
  }

  #sittingOf(scan: DecisionScan, count: number): Sitting {
    const day = this.#dayOf(scan);
    if (this.#sitting.day === day && this.#sitting.count === count) return this.#sitting;
    const name = `${day} ${count}`;
    let sitting = this.#sittings.get(name);
    if (sitting === undefined) {
      if (this.#sittings.size >= SITTINGS_MAX) this.#sittings.delete(this.#sittings.keys().next().value as string);
      sitting = { day, count, answers: new Map<number, Map<number, Answer>>(), size: 0 };
      this.#sittings.set(name, sitting);
    }
    this.#sitting = sitting;
    return sitting;
  }

  /** Most decisions are of the hour of the one before. */
  #dayOf(scan: DecisionScan): string {
    const from = scan.instantAt;
    if (isSameBytes(this.#hour, scan.bytes, from, from + HOUR_BYTES)) return this.#dayOfHour;
    this.#dayOfHour = this.#days.of(scan.textOf({ from, to: from + AT_BYTES }));
    this.#hour = new Uint8Array(scan.bytes.subarray(from, from + HOUR_BYTES)); // a copy
    return this.#dayOfHour;
  }

  #make(scan: DecisionScan, { day, count }: Sitting, asking: Side, answering: Side): Answer {
    const history = this.foundation.law.history(count);
    const parties: Parties = {
      requesterHolder: asking.holder.at(asking.holderRevision),
      requester: asking.institution.at(asking.institutionRevision),
      providerHolder: answering.holder.at(answering.holderRevision),
      provider: answering.institution.at(answering.institutionRevision),
    };
    const { requesterInstitution, providerInstitution } = scan;
    const question: PartiesQuestion = {
      requester: scan.textOf(scan.requester),
      provider: scan.textOf(scan.provider),
      affair: scan.textOf(scan.affair),
      information: scan.textOf(scan.information),
      ...(requesterInstitution.from < 0 ? {} : { requesterInstitution: scan.textOf(requesterInstitution) }),
      ...(providerInstitution.from < 0 ? {} : { providerInstitution: scan.textOf(providerInstitution) }),
    };
    const legality = judgeParties(history, parties, question, day);
    const { matrix, openings } = basisOf(history, parties, question, legality);
    const invalid = legality.permitted ? judgeParties(history, parties, question, day, false) : legality;
    const change = (of: Legality): Counting | undefined => this.changes?.groupOf(outcomeOf(of), question, parties, day);
    return {
      permitted: legality.permitted,
      law: lawText(matrix, openings),
      outcome: partsOf(verdictOf(legality)),
      invalid: partsOf(verdictOf(invalid)),
      change: change(legality),
      invalidChange: change(invalid),
    };
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

function lawText(matrix: number | undefined, openings: readonly { readonly stream: string; readonly revision: number }[] | undefined): Uint8Array {
  const opened = openings?.map(({ stream, revision }) => `{"revision":${revision},"stream":${JSON.stringify(stream)}}`).join(',');
  return Buffer.from(`${matrix === undefined ? '' : `"matrix":${matrix},`}${opened === undefined ? '' : `"openings":[${opened}],`}`);
}

/** The parts of a decision that are the verdict's, as they stand in its text. */
function partsOf(verdict: Verdict): Outcome {
  const quoted = (text: string | undefined): Uint8Array | undefined => (text === undefined ? undefined : Buffer.from(JSON.stringify(text).slice(1, -1)));
  const bare = (value: number | boolean | undefined): Uint8Array | undefined => (value === undefined ? undefined : Buffer.from(String(value)));
  const { table, item } = verdict;
  const cited = { table: quoted(table), item: quoted(item) };
  if (verdict.permitted) return { ...cited, grant: bare(verdict.grant), article: undefined, exceptionApplied: undefined, reason: undefined };
  const { article, exceptionApplied, reason } = verdict;
  return { ...cited, grant: undefined, article: quoted(article), exceptionApplied: bare(exceptionApplied), reason: quoted(reason) };
}

const isPart = (expected: Uint8Array | undefined, bytes: Uint8Array, { from, to }: Part): boolean =>
  expected === undefined ? from < 0 : from >= 0 && isSameBytes(expected, bytes, from, to);

/** Whether a decision says the verdict, and nothing else. */
const says = (scan: DecisionScan, { article, exceptionApplied, grant, item, reason, table }: Outcome): boolean =>
  isPart(item, scan.bytes, scan.item) &&
  isPart(grant, scan.bytes, scan.grant) &&
  isPart(table, scan.bytes, scan.table) &&
  isPart(reason, scan.bytes, scan.reason) &&
  isPart(article, scan.bytes, scan.article) &&
  isPart(exceptionApplied, scan.bytes, scan.exceptionApplied);

/** A small number for each text that stands there, in the order in which they come. */
function numberIn(numbers: ByteMap<number>, { bytes }: DecisionScan, { from, to }: Part): number {
  const known = numbers.get(bytes, from, to);
  if (known !== undefined) return known;
  return numbers.size >= CODES_MAX ? CODES_MAX : numbers.add(bytes, from, to, numbers.size);
}
