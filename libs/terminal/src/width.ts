import stringWidth from 'string-width';

/** Columns that a text takes on a terminal: wide characters (漢字) take two, colours none. */
export const widthOf = (text: string): number => stringWidth(text);

export const padEnd = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - widthOf(text)));
export const padStart = (text: string, columns: number): string => ' '.repeat(Math.max(0, columns - widthOf(text))) + text;

/** Characters that do not begin a line (行頭禁則), and those that do not end one. */
const NOT_FIRST = /^[、。，．・：；？！）」』】〕〉》ー々ゝヽ,.:;!?)\]}]/u;
const NOT_LAST = /[（「『【〔〈《([{]$/u;

/** Words, and each wide character by itself; blanks stay with what stands before them. */
function pieces(text: string): string[] {
  const found: string[] = [];
  let word = '';
  const end = (): void => {
    if (word !== '') found.push(word);
    word = '';
  };
  for (const character of text) {
    if (character === ' ') {
      word += character;
      end();
    } else if (widthOf(character) > 1) {
      end();
      found.push(character);
    } else word += character;
  }
  end();
  return found.reduce<string[]>((glued, piece) => {
    const last = glued.at(-1);
    if (last !== undefined && !last.endsWith(' ') && (NOT_FIRST.test(piece) || NOT_LAST.test(last))) glued[glued.length - 1] = last + piece;
    else glued.push(piece);
    return glued;
  }, []);
}

/** A piece that fits on no line is cut through. */
function* cut(piece: string, columns: number): Generator<string> {
  let part = '';
  for (const character of piece) {
    if (part !== '' && widthOf(part + character) > columns) {
      yield part;
      part = '';
    }
    part += character;
  }
  yield part;
}

/** Breaks a plain text (no colours) into lines of at most so many columns: between words, and between wide characters. */
export function wrap(text: string, columns: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const whole of pieces(paragraph)) {
      for (const piece of widthOf(whole.trimEnd()) > columns ? cut(whole, columns) : [whole]) {
        if (line !== '' && widthOf(line + piece.trimEnd()) > columns) {
          lines.push(line.trimEnd());
          line = '';
        }
        line += piece;
      }
    }
    return [...lines, line.trimEnd()];
  });
}

/** At most so many columns, with `…` where something was left out. */
export function truncate(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  for (const character of text) {
    if (widthOf(kept + character) > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}
