import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { KafkaConnection } from '#libs/agency-sdk';
import { TOPIC_PREFIX_DEFAULT } from '#libs/feed-schemas';
import { DomainError } from '#libs/kernel';
import { type Language, languageOf } from '#libs/terminal';
import { deskTexts } from './desk.texts.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface Settings {
  readonly language: Language;
  readonly help: boolean;
  readonly exit: boolean;
  readonly data: string;
  readonly applications: string | undefined;
  readonly connection: { readonly baseUrl: string; readonly server: string; readonly agency: string; readonly keyId: string; readonly privateKey: string };
  /** Undefined: the feed is read over HTTP. */
  readonly kafka: (KafkaConnection & { readonly topic: string; readonly groupId: string }) | undefined;
}

const wrong = (message: string): DomainError => new DomainError('SETTINGS', 'invalid', message);

/** From options and environment. Throws SETTINGS: what is missing or wrong, by name. */
export function readSettings(args: readonly string[], environment: Environment, keyIdOf: (pem: string) => string): Settings {
  const language = languageOf(environment);
  const say = deskTexts(language);
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  let values: { readonly profile?: string; readonly data?: string; readonly applications?: string; readonly exit: boolean; readonly help: boolean };
  try {
    ({ values } = parseArgs({ args: [...args], options: { profile: text, data: text, applications: text, exit: flag, help: flag }, strict: true }));
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
  const nothing = { baseUrl: '', server: '', agency: '', keyId: '', privateKey: '' };
  const { profile, data = '', applications, exit, help } = values;
  if (help) return { language, help, exit, data, applications, connection: nothing, kafka: undefined };
  if (profile === undefined) throw wrong(say.missing('--profile'));
  if (data === '') throw wrong(say.missing('--data'));
  const connection = connectionOf(profile, say.profile(profile), keyIdOf);
  return { language, help, exit, data, applications, connection, kafka: kafkaOf(environment, connection.agency, say.secret) };
}

function connectionOf(path: string, problem: string, keyIdOf: (pem: string) => string): Settings['connection'] {
  try {
    const { server, serverId, agency, key } = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, unknown>>;
    if (typeof server !== 'string' || typeof serverId !== 'string' || typeof agency !== 'string' || typeof key !== 'string') throw wrong(problem);
    const privateKey = readFileSync(resolve(dirname(path), key), 'utf8');
    return { baseUrl: server, server: serverId, agency, privateKey, keyId: keyIdOf(privateKey) };
  } catch (cause) {
    throw new DomainError('SETTINGS', 'invalid', problem, {}, { cause });
  }
}

function kafkaOf(environment: Environment, agency: string, problem: (variable: string) => string): Settings['kafka'] {
  const { KAFKA_BROKERS: brokers, KAFKA_USERNAME: username, KAFKA_PASSWORD_FILE: passwordFile, KAFKA_TLS_CA_FILE: caFile } = environment;
  if (!brokers) return undefined;
  const secret = (): string => {
    try {
      return readFileSync(passwordFile ?? '', 'utf8').trim();
    } catch (cause) {
      throw new DomainError('SETTINGS', 'invalid', problem('KAFKA_PASSWORD_FILE'), {}, { cause });
    }
  };
  const topic = `${environment['KAFKA_TOPIC_PREFIX'] || TOPIC_PREFIX_DEFAULT}${agency}`;
  return {
    brokers: brokers.split(',').map((broker) => broker.trim()),
    topic,
    groupId: `${topic}.child-allowance-desk`,
    ...(username ? { sasl: { mechanism: 'scram-sha-256', username, password: secret() } } : {}),
    ...(caFile ? { tls: { caFile } } : {}),
  };
}
