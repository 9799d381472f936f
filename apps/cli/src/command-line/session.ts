import { type Language, LANGUAGES, languageOf, type Sink, Terminal } from '#libs/terminal';
import { EXIT } from './exit-codes.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the program is started with; tests give their own. */
export interface Surroundings {
  /** Without node and script. */
  readonly args: readonly string[];
  readonly environment: Environment;
  readonly stdout: Sink;
  readonly stderr: Sink;
}

/** The value of an option among raw arguments: needed before they are parsed, to speak the right language. */
function rawOption(args: readonly string[], name: string): string | undefined {
  const end = args.indexOf('--');
  const before = end < 0 ? args : args.slice(0, end);
  for (const [index, argument] of before.entries()) {
    if (argument === name) return before[index + 1];
    if (argument.startsWith(`${name}=`)) return argument.slice(name.length + 1);
  }
  return undefined;
}

/** One run of the program: language, form of the output, where it goes. */
export class Session {
  readonly language: Language;
  /** True under `--json`: one JSON text on standard output, errors as JSON on standard error. */
  readonly json: boolean;
  readonly environment: Environment;
  readonly out: Terminal;
  /** For progress, notes and errors. */
  readonly err: Terminal;
  exitCode: number = EXIT.done;
  readonly #stdout: Sink;
  readonly #args: readonly string[];

  constructor({ args, environment, stdout, stderr }: Surroundings) {
    const asked = rawOption(args, '--lang');
    this.language = LANGUAGES.find((language) => language === asked) ?? languageOf(environment);
    const end = args.indexOf('--');
    this.json = (end < 0 ? args : args.slice(0, end)).includes('--json');
    this.environment = environment;
    this.#stdout = stdout;
    this.#args = args;
    this.out = new Terminal(stdout, environment);
    this.err = new Terminal(stderr, environment);
  }

  /** The arguments as they were given behind the name of a command that passes them on. */
  argumentsBehind(name: string): readonly string[] {
    return this.#args.slice(this.#args.indexOf(name) + 1);
  }

  /** The answer: one line of JSON under `--json`, otherwise what `people` prints. */
  answer(value: object, people: (out: Terminal) => void): void {
    if (this.json) this.#stdout.write(`${JSON.stringify(value)}\n`);
    else people(this.out);
  }

  /** A remark beside the answer; nothing under `--json`. */
  note(text: string): void {
    if (!this.json) this.err.paragraph(text, { dress: this.err.style.dim });
  }
}
