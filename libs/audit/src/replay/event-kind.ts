/** What an event is to a replay, as far as the end of its bytes tells. */
export type EventKind =
  | 'permitted'
  | 'denied'
  | 'impossible'
  /** Of an exchange after its decision. */
  | 'exchange'
  /** To be told by its header. */
  | 'other';

/** Canonical bytes end with the type and its version: `…"type":"QueryPermitted","v":1}`. */
const VERSION_1 = '","v":1}';
const WORD = 4;
/** Bytes from the end at which the type's last eight letters begin. */
const LETTERS_AT = VERSION_1.length + 2 * WORD;
const wordOf = (text: string, at = 0): number => Buffer.from(text, 'latin1').readInt32BE(at);
const [TAIL_1, TAIL_2] = [wordOf(VERSION_1), wordOf(VERSION_1, WORD)];
const [ERMI, TTED] = [wordOf('ermi'), wordOf('tted')];
const [RYDE, NIED] = [wordOf('ryDe'), wordOf('nied')];
const [POSS, IBLE] = [wordOf('poss'), wordOf('ible')];
const [RECO, RDED] = [wordOf('Reco'), wordOf('rded')];
const [RYLA, PSED] = [wordOf('ryLa'), wordOf('psed')];

const wordAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);

/**
 * By the last eight letters of the type, which no two kinds of event of a core share but those that are left out alike:
 * most events of a core are of exchanges, and are told without reading their header.
 */
export function kindOf(bytes: Uint8Array, end: number): EventKind {
  if (wordAt(bytes, end - WORD) !== TAIL_2 || wordAt(bytes, end - 2 * WORD) !== TAIL_1) return 'other';
  const second = wordAt(bytes, end - LETTERS_AT + WORD);
  switch (wordAt(bytes, end - LETTERS_AT)) {
    case RECO:
      return second === RDED ? 'exchange' : 'other';
    case ERMI:
      return second === TTED ? 'permitted' : 'other';
    case RYDE:
      return second === NIED ? 'denied' : 'other';
    case POSS:
      return second === IBLE ? 'impossible' : 'other';
    case RYLA:
      return second === PSED ? 'exchange' : 'other';
    default:
      return 'other';
  }
}
