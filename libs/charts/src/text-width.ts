import stringWidth from 'string-width';

/** Of the height of the type: as wide as Latin letters are on the average in a broad face (DejaVu Sans); others are narrower. */
const NARROW = 0.6;

/** Pixels that a text of this size takes, whatever the reader's font: wide characters are as wide as the type is high. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const character of text) {
    const columns = stringWidth(character);
    width += columns > 1 ? size : columns * size * NARROW;
  }
  return width;
}
