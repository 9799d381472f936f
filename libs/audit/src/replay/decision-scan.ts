/** Where one stands in a basis: no such part. */
export const ABSENT = -1;

const QUOTE = '"';
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const MINUS = 0x2d;
const AT_CHARACTERS = 24;
const NAME_CHARACTERS = 32;

/**
 * Reads a decision's canonical text without parsing it: keys stand in one order (format.md §1), so that a cursor meets
 * each in its turn. `read` says no for whatever is not exactly of that form – another field, an escaped character, another
 * version – and such a text is parsed. One object serves all: it holds the fields of the text that was read last.
 */
export class DecisionScan {
  text = '';
  permitted = false;
  affair = '';
  information = '';
  requester = '';
  provider = '';
  requesterInstitution: string | undefined;
  providerInstitution: string | undefined;
  /** Revisions of the basis; ABSENT − 1 where there is none: −1 is a revision. */
  requesterRevision = 0;
  providerRevision = 0;
  requesterInstitutionRevision = 0;
  providerInstitutionRevision = 0;
  requesterIdentifierRevision = 0;
  providerIdentifierRevision = 0;
  /** Where the 32 characters of an identifier's stream begin; ABSENT where the basis has none. */
  requesterIdentifierAt = ABSENT;
  providerIdentifierAt = ABSENT;
  /** Parts that are compared as they stand; empty where there is none. */
  law = '';
  outcome = '';
  hasProviderSubject = false;
  /** Record key of the requester's identifier. */
  key = '';
  #at = 0;

  /** `text`: the event's bytes as latin1. */
  read(text: string, permitted: boolean): boolean {
    this.text = text;
    this.permitted = permitted;
    this.outcome = '';
    this.#at = 0;
    return !text.includes('\\') && this.#envelope() && this.#basis() && this.#facts() && this.#parties() && this.#end();
  }

  /** Whether a business instant begins with these characters: its hour. */
  isAt(hour: string): boolean {
    return this.text.startsWith(hour, AT.length);
  }
  get at(): string {
    return this.text.slice(AT.length, AT.length + AT_CHARACTERS);
  }

  #envelope(): boolean {
    if (!this.#key(AT)) return false;
    this.#at += AT_CHARACTERS;
    if (!this.#key('","causationId":"') || !this.#skip() || !this.#key('","correlationId":"') || !this.#skip() || !this.#key('","data":{"affair":"'))
      return false;
    this.affair = this.#value();
    if (this.#key('","applicationId":"')) this.#skip();
    return this.permitted || this.#part('","article":"');
  }

  #basis(): boolean {
    if (!this.#key('","basis":{')) return false;
    const from = this.#at;
    if (this.#key('"matrix":')) {
      if (Number.isNaN(this.#number()) || !this.#key(',')) return false;
    }
    if (this.#key('"openings":[')) {
      const end = this.text.indexOf('],', this.#at);
      if (end < 0) return false;
      this.#at = end + 2;
    }
    this.law = this.text.slice(from, this.#at);
    if (!this.#key('"provider":')) return false;
    this.providerRevision = this.#number();
    this.providerIdentifierAt = ABSENT;
    if (this.#key(',"providerIdentifier":{"revision":')) {
      this.providerIdentifierRevision = this.#number();
      this.providerIdentifierAt = this.#stream();
      if (this.providerIdentifierAt < 0) return false;
    }
    this.providerInstitutionRevision = this.#key(',"providerInstitution":') ? this.#number() : ABSENT - 1;
    if (!this.#key(',"requester":')) return false;
    this.requesterRevision = this.#number();
    this.requesterIdentifierAt = ABSENT;
    if (this.#key(',"requesterIdentifier":{"revision":')) {
      this.requesterIdentifierRevision = this.#number();
      this.requesterIdentifierAt = this.#stream();
      if (this.requesterIdentifierAt < 0) return false;
    }
    this.requesterInstitutionRevision = this.#key(',"requesterInstitution":') ? this.#number() : ABSENT - 1;
    return this.#key('},"d');
  }

  /** From the data set to the procedure; the basis has ended with the first letter of its name, or of the department's. */
  #facts(): boolean {
    if (this.#key('ataset":"')) {
      if (!this.#skip() || !this.#key('","d')) return false;
    }
    if (!this.#key('epartment":"') || !this.#skip() || !this.#key('",')) return false;
    if (!this.#outcome(this.permitted ? '"grant":' : '"exceptionApplied":')) return false;
    if (!this.#key('"information":"')) return false;
    this.information = this.#value();
    const hasItem = this.text.startsWith('","item":"', this.#at);
    if (hasItem ? !this.#part('","item":"') : this.permitted) return false;
    return this.#optionalFacts();
  }

  #optionalFacts(): boolean {
    if (!this.#key('","nonDisclosure":')) return false;
    if (!this.#key('false,') && !this.#key('true,')) return false;
    if (this.#key('"period":"') && (!this.#skip() || !this.#key('",'))) return false;
    return !this.#key('"procedure":"') || (this.#skip() && this.#key('",'));
  }

  #parties(): boolean {
    if (!this.#key('"provider":"')) return false;
    this.provider = this.#value();
    this.providerInstitution = this.#key('","providerInstitution":"') ? this.#value() : undefined;
    if (!this.#key('",')) return false;
    this.hasProviderSubject = this.permitted && this.#key('"providerSubject":{"commitment":"');
    if (this.hasProviderSubject && !this.#sealed()) return false;
    if (!this.#key('"queryDigest":"') || !this.#skip() || !this.#key('","queryLeaf":"') || !this.#skip()) return false;
    if (!this.permitted && !this.#part('","reason":"')) return false;
    if (!this.#key('","requestedAt":"') || !this.#skip() || !this.#key('","requester":"')) return false;
    this.requester = this.#value();
    this.requesterInstitution = this.#key('","requesterInstitution":"') ? this.#value() : undefined;
    return this.#key('","requesterSubject":{"commitment":"') && this.#sealed();
  }

  #end(): boolean {
    if (this.permitted) {
      if (!this.#part('"table":"') || !this.#key('","validUntil":"') || !this.#skip() || !this.#key('"}')) return false;
    } else if (this.text.startsWith('"table":"', this.#at)) {
      if (!this.#part('"table":"') || !this.#key('"}')) return false;
    } else {
      this.#at -= 1; // the comma that the sealed field was read with
      if (this.text.charCodeAt(this.#at) !== CLOSING) return false;
      this.#at += 1;
    }
    if (!this.#key(',"id":"') || !this.#skip() || !this.#key('","recordedAt":"') || !this.#skip()) return false;
    if (!this.#key('","revision":0,"stream":"exchange-') || !this.#skip()) return false;
    return this.text.startsWith(this.permitted ? PERMITTED_END : DENIED_END, this.#at);
  }

  /** A sealed field behind the name of its first part, with the comma that follows, or the data's own end. */
  #sealed(): boolean {
    if (!this.#skip() || !this.#key('","key":"')) return false;
    this.key = this.#value();
    if (!this.#key('","sealed":"') || !this.#skip() || !this.#key('"}')) return false;
    const next = this.text.charCodeAt(this.#at);
    this.#at += 1;
    return next === COMMA || next === CLOSING;
  }

  #key(key: string): boolean {
    if (!this.text.startsWith(key, this.#at)) return false;
    this.#at += key.length;
    return true;
  }
  /** Goes to the quote that ends a text; no text holds one. */
  #skip(): boolean {
    this.#at = this.text.indexOf(QUOTE, this.#at);
    return this.#at >= 0;
  }
  #value(): string {
    const from = this.#at;
    return this.#skip() ? this.text.slice(from, this.#at) : '';
  }
  /** A text that is part of the outcome, with its name. */
  #part(key: string): boolean {
    const from = this.#at;
    if (!this.#key(key) || !this.#skip()) return false;
    this.outcome += this.text.slice(from, this.#at);
    return true;
  }
  /** A number or a flag that is part of the outcome, with its name and the comma behind it. */
  #outcome(key: string): boolean {
    const from = this.#at;
    if (!this.#key(key)) return false;
    const end = this.text.indexOf(',', this.#at);
    this.outcome += this.text.slice(from, end);
    this.#at = end + 1;
    return end >= 0;
  }

  /** A whole number of at most nine digits; NaN for anything else. */
  #number(): number {
    const { text } = this;
    const isNegative = text.charCodeAt(this.#at) === MINUS;
    let at = isNegative ? this.#at + 1 : this.#at;
    const from = at;
    let value = 0;
    for (; at - from < 10; at += 1) {
      const code = text.charCodeAt(at);
      if (!(code >= DIGIT_0 && code <= DIGIT_9)) break;
      value = 10 * value + code - DIGIT_0;
    }
    const digits = at - from;
    this.#at = at;
    if (digits === 0 || digits > 9) return Number.NaN;
    return isNegative ? -value : value;
  }

  /** Where the name of an identifier's stream begins, behind its revision; ABSENT where it is no such name. */
  #stream(): number {
    if (!this.#key(',"stream":"identifier-')) return ABSENT;
    const from = this.#at;
    this.#at += NAME_CHARACTERS;
    return this.#key('"}') ? from : ABSENT;
  }
}

const AT = '{"actor":"system","at":"';
const COMMA = 0x2c;
const CLOSING = 0x7d;
const PERMITTED_END = '","type":"QueryPermitted","v":1}';
const DENIED_END = '","type":"QueryDenied","v":1}';
