/** The languages that everything for people is written in. */
export const LANGUAGES = ['ja', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];
export const isLanguage = (text: string): text is Language => LANGUAGES.some((language) => language === text);

type Sentence = string | ((...args: never[]) => string);
type Like<S> = S extends (...args: infer A) => string ? (...args: A) => string : string;
/** Sentences by name, as one language has them. */
export type Sentences<S> = { readonly [Name in keyof S]: Like<S[Name]> };

/**
 * Sentences in both languages: a name that one of them lacks, or a sentence that takes other words, does not compile.
 * A sentence is a text, or a function that puts words into it.
 */
export function dictionary<const S extends Readonly<Record<string, Sentence>>>(texts: {
  readonly en: S;
  readonly ja: Sentences<NoInfer<S>>;
}): (language: Language) => Sentences<S> {
  return (language) => (language === 'ja' ? texts.ja : texts.en) as Sentences<S>;
}

/** The language that the environment asks for (LC_ALL, LC_MESSAGES, LANG, in this order; POSIX): Japanese where it says `ja…`, else English. */
export function languageOf(environment: Readonly<Record<string, string | undefined>>): Language {
  const asked = environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'] || '';
  return /^ja(?:[_.@-]|$)/i.test(asked) ? 'ja' : 'en';
}
