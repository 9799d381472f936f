const STANDARD_INPUT = '-';

/** What an option says, or where it is `-` the first characters of standard input; undefined where more than so many came. */
export async function givenOrRead(given: string, charactersMax: number): Promise<string | undefined> {
  if (given !== STANDARD_INPUT) return given.length > charactersMax ? undefined : given;
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (text.trim().length > charactersMax) return undefined;
  }
  return text.trim();
}
