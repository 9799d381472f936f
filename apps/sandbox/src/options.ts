import { parseArgs } from 'node:util';
import { isLanguage, type Language, languageOf } from '#libs/terminal';
import { BASE_PORT } from './nation/ports.js';

export interface Options {
  readonly data: string;
  readonly exit: boolean;
  readonly cases: boolean;
  readonly language: Language;
  readonly port: number;
  readonly json: boolean;
  /** Connection string of EventStoreDB. */
  readonly eventStore: string | undefined;
  readonly help: boolean;
}

/** Reads the command line. Throws an Error that says which option is wrong and what it takes. */
export function readOptions(args: readonly string[], environment: Readonly<Record<string, string | undefined>>): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string', default: 'data' },
      exit: { type: 'boolean', default: false },
      'no-cases': { type: 'boolean', default: false },
      lang: { type: 'string' },
      port: { type: 'string', default: String(BASE_PORT) },
      'event-store': { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { data, exit, lang, port, json, help } = values;
  if (lang !== undefined && !isLanguage(lang)) throw new Error('--lang takes ja or en');
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_000) throw new Error('--port takes a number from 0 to 65000');
  const eventStore = values['event-store'] ?? (environment['EVENT_STORE'] || undefined);
  if (eventStore !== undefined && !/^esdb(?:\+discover)?:\/\/[^\s/]+/.test(eventStore)) {
    throw new Error('--event-store (or EVENT_STORE) takes the connection string of an EventStoreDB: esdb://host:2113?tls=false');
  }
  if (data === '') throw new Error('--data takes a directory');
  return { data, exit, cases: !values['no-cases'], language: lang ?? languageOf(environment), port: Number(port), json, help, eventStore };
}
