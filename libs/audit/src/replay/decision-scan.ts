/** Where one stands in a text, or a revision of a basis: there is none. −1 is a revision, and the start of no part. */
export const NONE = -2;

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const [QUOTE, BACKSLASH, COMMA, MINUS, CLOSING] = [0x22, 0x5c, 0x2c, 0x2d, 0x7d];
const [DIGIT_0, DIGIT_9] = [0x30, 0x39];
const DIGITS_MAX = 9;
const AT_BYTES = 24;
const NAME_BYTES = 32;
const ID_BYTES = 36;

/** Names of fields as they stand in the canonical text, with what is around them. */
const KEY = {
  at: bytesOf('{"actor":"system","at":"'),
  causation: bytesOf('","causationId":"'),
  correlation: bytesOf('","correlationId":"'),
  affair: bytesOf('","data":{"affair":"'),
  application: bytesOf('","applicationId":"'),
  article: bytesOf('","article":"'),
  basis: bytesOf('","basis":{'),
  matrix: bytesOf('"matrix":'),
  openings: bytesOf('"openings":['),
  providerRevision: bytesOf('"provider":'),
  providerIdentifier: bytesOf(',"providerIdentifier":{"revision":'),
  providerInstitutionRevision: bytesOf(',"providerInstitution":'),
  requesterRevision: bytesOf(',"requester":'),
  requesterIdentifier: bytesOf(',"requesterIdentifier":{"revision":'),
  requesterInstitutionRevision: bytesOf(',"requesterInstitution":'),
  stream: bytesOf(',"stream":"identifier-'),
  streamEnd: bytesOf('"}'),
  afterBasis: bytesOf('},"d'),
  dataset: bytesOf('ataset":"'),
  afterDataset: bytesOf('","d'),
  department: bytesOf('epartment":"'),
  grant: bytesOf('","grant":'),
  exceptionApplied: bytesOf('","exceptionApplied":'),
  information: bytesOf(',"information":"'),
  item: bytesOf('","item":"'),
  disclosed: bytesOf('","nonDisclosure":false'),
  undisclosed: bytesOf('","nonDisclosure":true'),
  period: bytesOf(',"period":"'),
  procedure: bytesOf(',"procedure":"'),
  provider: bytesOf(',"provider":"'),
  closing: bytesOf('"'),
  providerInstitution: bytesOf(',"providerInstitution":"'),
  providerSubject: bytesOf(',"providerSubject":{"commitment":"'),
  key: bytesOf('","key":"'),
  sealed: bytesOf('","sealed":"'),
  sealedEnd: bytesOf('"}'),
  queryDigest: bytesOf(',"queryDigest":"'),
  queryLeaf: bytesOf('","queryLeaf":"'),
  reason: bytesOf('","reason":"'),
  requestedAt: bytesOf('","requestedAt":"'),
  requester: bytesOf('","requester":"'),
  requesterSubject: bytesOf(',"requesterSubject":{"commitment":"'),
  requesterInstitution: bytesOf(',"requesterInstitution":"'),
  table: bytesOf(',"table":"'),
  validUntil: bytesOf('","validUntil":"'),
  id: bytesOf('},"id":"'),
  recordedAt: bytesOf('","recordedAt":"'),
  exchange: bytesOf('","revision":0,"stream":"exchange-'),
  permittedEnd: bytesOf('","type":"QueryPermitted","v":1}'),
  deniedEnd: bytesOf('","type":"QueryDenied","v":1}'),
} as const;

/** A part of the text: from one place to another; NONE where the text has no such part. */
export interface Part {
  from: number;
  to: number;
}
const part = (): Part => ({ from: NONE, to: NONE });

/**
 * Reads a decision's canonical bytes without parsing them: keys stand in one order (format.md §1), so that a cursor meets
 * each in its turn. `read` says no for whatever is not exactly of that form – another field, an escaped character, another
 * version, a revision other than 0 – and such a text is parsed. One object serves all: it holds where the fields of the text
 * stand that was read last.
 */
export class DecisionScan {
  bytes: Uint8Array = new Uint8Array();
  permitted = false;
  readonly affair = part();
  readonly information = part();
  readonly requester = part();
  readonly provider = part();
  readonly requesterInstitution = part();
  readonly providerInstitution = part();
  /** What the basis says of table and openings. */
  readonly law = part();
  readonly article = part();
  readonly exceptionApplied = part();
  readonly grant = part();
  readonly item = part();
  readonly reason = part();
  readonly table = part();
  /** Record key of the requester's identifier. */
  readonly key = part();
  hasProviderSubject = false;
  /** Revisions of the basis. */
  requesterRevision = 0;
  providerRevision = 0;
  requesterInstitutionRevision = 0;
  providerInstitutionRevision = 0;
  requesterIdentifierRevision = 0;
  providerIdentifierRevision = 0;
  /** Where the 32 digits of an identifier's stream begin. */
  requesterIdentifierAt = NONE;
  providerIdentifierAt = NONE;
  #start = 0;
  #end = 0;
  #at = 0;

  read(bytes: Uint8Array, start: number, end: number, permitted: boolean): boolean {
    this.bytes = bytes;
    this.permitted = permitted;
    this.#start = this.#at = start;
    this.#end = end;
    return this.#envelope() && this.#basis() && this.#facts() && this.#provider() && this.#requester() && this.#verdictsEnd() && this.#tail();
  }

  /** Business instant of the decision: where it stands, and what it says. */
  get instantAt(): number {
    return this.#start + KEY.at.length;
  }
  textOf({ from, to }: Part): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + from, to - from).toString('utf8');
  }

  #envelope(): boolean {
    if (!this.#is(KEY.at)) return false;
    this.#at += AT_BYTES;
    if (!this.#is(KEY.causation) || !this.#skip() || !this.#is(KEY.correlation) || !this.#skip()) return false;
    if (!this.#value(KEY.affair, this.affair)) return false;
    if (this.#is(KEY.application) && !this.#skip()) return false;
    return this.#optional(KEY.article, this.article) && this.article.from >= 0 !== this.permitted;
  }

  #basis(): boolean {
    if (!this.#is(KEY.basis)) return false;
    this.law.from = this.#at;
    if (this.#is(KEY.matrix)) {
      this.#number();
      if (!this.#isByte(COMMA)) return false;
    }
    // compared as a whole with what it must be: here only its end is looked for
    if (this.#is(KEY.openings) && !this.#to(KEY.providerRevision)) return false;
    this.law.to = this.#at;
    if (!this.#is(KEY.providerRevision)) return false;
    this.providerRevision = this.#number();
    this.providerIdentifierAt = this.#identifier(KEY.providerIdentifier);
    this.providerIdentifierRevision = this.#revision;
    this.providerInstitutionRevision = this.#is(KEY.providerInstitutionRevision) ? this.#number() : NONE;
    if (!this.#is(KEY.requesterRevision)) return false;
    this.requesterRevision = this.#number();
    this.requesterIdentifierAt = this.#identifier(KEY.requesterIdentifier);
    this.requesterIdentifierRevision = this.#revision;
    this.requesterInstitutionRevision = this.#is(KEY.requesterInstitutionRevision) ? this.#number() : NONE;
    return this.#is(KEY.afterBasis);
  }
  #revision = NONE;

  #facts(): boolean {
    if (this.#is(KEY.dataset) && (!this.#skip() || !this.#is(KEY.afterDataset))) return false;
    if (!this.#is(KEY.department) || !this.#skip()) return false;
    this.grant.from = this.exceptionApplied.from = NONE;
    if (!this.#bare(this.permitted ? KEY.grant : KEY.exceptionApplied, this.permitted ? this.grant : this.exceptionApplied)) return false;
    if (!this.#value(KEY.information, this.information) || !this.#optional(KEY.item, this.item)) return false;
    if (!this.#is(KEY.disclosed) && !this.#is(KEY.undisclosed)) return false;
    if (this.#is(KEY.period) && (!this.#skip() || !this.#is(KEY.closing))) return false;
    return !this.#is(KEY.procedure) || (this.#skip() && this.#is(KEY.closing));
  }

  #provider(): boolean {
    if (!this.#value(KEY.provider, this.provider) || !this.#is(KEY.closing)) return false;
    if (!this.#optional(KEY.providerInstitution, this.providerInstitution) || (this.providerInstitution.from >= 0 && !this.#is(KEY.closing))) return false;
    this.hasProviderSubject = this.#is(KEY.providerSubject);
    if (this.hasProviderSubject && (!this.permitted || !this.#sealed())) return false;
    if (!this.#is(KEY.queryDigest) || !this.#skip() || !this.#is(KEY.queryLeaf) || !this.#skip()) return false;
    return this.#optional(KEY.reason, this.reason) && this.reason.from >= 0 !== this.permitted;
  }

  #requester(): boolean {
    if (!this.#is(KEY.requestedAt) || !this.#skip() || !this.#value(KEY.requester, this.requester) || !this.#is(KEY.closing)) return false;
    if (!this.#optional(KEY.requesterInstitution, this.requesterInstitution) || (this.requesterInstitution.from >= 0 && !this.#is(KEY.closing))) return false;
    return this.#is(KEY.requesterSubject) && this.#sealed();
  }

  #verdictsEnd(): boolean {
    if (!this.#optional(KEY.table, this.table)) return false;
    if (this.permitted) return this.table.from >= 0 && this.item.from >= 0 && this.#is(KEY.validUntil) && this.#skip() && this.#is(KEY.closing);
    return this.table.from < 0 || this.#is(KEY.closing);
  }

  #tail(): boolean {
    if (!this.#is(KEY.id)) return false;
    this.#at += ID_BYTES;
    if (!this.#is(KEY.recordedAt)) return false;
    this.#at += AT_BYTES;
    if (!this.#is(KEY.exchange)) return false;
    this.#at += ID_BYTES;
    return this.#is(this.permitted ? KEY.permittedEnd : KEY.deniedEnd) && this.#at === this.#end;
  }

  /** A sealed field behind the name of its first part. */
  #sealed(): boolean {
    return this.#skip() && this.#value(KEY.key, this.key) && this.#is(KEY.sealed) && this.#skip() && this.#is(KEY.sealedEnd);
  }

  #is(key: Uint8Array): boolean {
    const { bytes } = this;
    const from = this.#at;
    for (let index = 0; index < key.length; index += 1) if (bytes[from + index] !== key[index]) return false;
    this.#at = from + key.length;
    return true;
  }
  /** Goes to where a key begins. */
  #to(key: Uint8Array): boolean {
    for (let at = this.#at; at < this.#end; at += 1) {
      this.#at = at;
      if (!this.#is(key)) continue;
      this.#at = at;
      return true;
    }
    return false;
  }
  #isByte(byte: number): boolean {
    if (this.bytes[this.#at] !== byte) return false;
    this.#at += 1;
    return true;
  }
  /** Goes to the quote that ends a text; false where a character in it is escaped. */
  #skip(): boolean {
    const { bytes } = this;
    const end = this.#end;
    let at = this.#at;
    for (; at < end; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        this.#at = at;
        return true;
      }
      if (byte === BACKSLASH) return false;
    }
    return false;
  }
  #value(key: Uint8Array, into: Part): boolean {
    if (!this.#is(key)) return false;
    into.from = this.#at;
    if (!this.#skip()) return false;
    into.to = this.#at;
    return true;
  }
  #optional(key: Uint8Array, into: Part): boolean {
    const from = this.#at;
    into.from = NONE;
    if (!this.#is(key)) return true;
    this.#at = from;
    return this.#value(key, into);
  }
  /** A number or a flag, up to the comma behind it. */
  #bare(key: Uint8Array, into: Part): boolean {
    if (!this.#is(key)) return false;
    into.from = this.#at;
    while (this.bytes[this.#at] !== COMMA) {
      if (this.#at >= this.#end || this.bytes[this.#at] === CLOSING) return false;
      this.#at += 1;
    }
    into.to = this.#at;
    return true;
  }

  /** A whole number of at most nine digits; NaN, which is no revision, for anything else. */
  #number(): number {
    const { bytes } = this;
    const isNegative = this.#isByte(MINUS);
    const from = this.#at;
    let value = 0;
    let byte = bytes[this.#at] as number;
    while (byte >= DIGIT_0 && byte <= DIGIT_9 && this.#at - from <= DIGITS_MAX) {
      value = 10 * value + byte - DIGIT_0;
      this.#at += 1;
      byte = bytes[this.#at] as number;
    }
    const digits = this.#at - from;
    if (digits === 0 || digits > DIGITS_MAX) return Number.NaN;
    return isNegative ? -value : value;
  }

  /** Where the name of an identifier's stream begins, its revision aside; NONE where the basis has none. */
  #identifier(key: Uint8Array): number {
    this.#revision = NONE;
    if (!this.#is(key)) return NONE;
    this.#revision = this.#number();
    if (!this.#is(KEY.stream)) return NONE;
    const from = this.#at;
    this.#at += NAME_BYTES;
    return this.#is(KEY.streamEnd) ? from : NONE;
  }
}
