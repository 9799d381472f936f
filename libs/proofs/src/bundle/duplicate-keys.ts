/** Deeper than any bundle: version 1 has five levels. */
const DEPTH_MAX = 16;

/** Index behind the string that begins at `from` (its quote). The text is known to be valid JSON. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; ; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code === 0x5c) at += 1;
  }
}

/**
 * True where an object of this JSON text names a key twice (`JSON.parse` keeps the last and says nothing), or it is deeper
 * than a bundle can be. The text must be one that `JSON.parse` takes.
 */
export function hasDuplicateKeys(text: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  let expectsKey = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{' || character === '[') {
      expectsKey = character === '{';
      open.push(expectsKey ? new Set() : undefined);
      if (open.length > DEPTH_MAX) return true;
    } else if (character === '}' || character === ']') {
      open.pop();
      expectsKey = false;
    } else if (character === ',') {
      expectsKey = open.at(-1) !== undefined;
    } else if (character === '"') {
      const end = endOfString(text, at);
      const keys = open.at(-1);
      if (expectsKey && keys) {
        const key = JSON.parse(text.slice(at, end)) as string;
        if (keys.has(key)) return true;
        keys.add(key);
        expectsKey = false;
      }
      at = end - 1;
    }
  }
  return false;
}
