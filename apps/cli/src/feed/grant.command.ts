import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { KafkaConnection } from '#libs/feed';
import { TOPIC_PREFIX_DEFAULT } from '#libs/feed-schemas';
import { DomainError } from '#libs/kernel';
import { choice, command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { printFacts } from '../command-line/facts.js';
import { SettingsError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { findAgency, wholeNameOf } from '../names/agencies.js';
import { grantTexts } from './grant.texts.js';

const MECHANISMS = ['scram-sha-256', 'scram-sha-512'] as const;
const TOPIC_PREFIX = /^[a-zA-Z0-9._-]{1,100}$/;
const BROKER = /^[^\s:,]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i;

interface GrantOptions {
  readonly brokers?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly mechanism?: (typeof MECHANISMS)[number];
  readonly caFile?: string;
  readonly topicPrefix?: string;
}
interface Settings {
  readonly connection: KafkaConnection;
  readonly topicPrefix: string;
}

/** Options first, then the variables that an intermediate server reads too. Throws SettingsError, and what a file's reading throws. */
function settingsOf(options: GrantOptions, { environment, language }: Session): Settings {
  const say = grantTexts(language);
  const given = (option: string | undefined, variable: string): string | undefined => option ?? (environment[variable] || undefined);
  const brokers = (given(options.brokers, 'KAFKA_BROKERS') ?? '').split(',').flatMap((broker) => (broker.trim() === '' ? [] : [broker.trim()]));
  const username = given(options.username, 'KAFKA_USERNAME');
  const passwordFile = given(options.passwordFile, 'KAFKA_PASSWORD_FILE');
  const mechanism = MECHANISMS.find((known) => known === (given(options.mechanism, 'KAFKA_MECHANISM') ?? MECHANISMS[0]));
  const caFile = given(options.caFile, 'KAFKA_TLS_CA_FILE');
  const topicPrefix = given(options.topicPrefix, 'KAFKA_TOPIC_PREFIX') ?? TOPIC_PREFIX_DEFAULT;
  const problems = [
    ...(brokers.length > 0 && brokers.every((broker) => BROKER.test(broker)) ? [] : [say.badBrokers]),
    ...((username === undefined) === (passwordFile === undefined) ? [] : [say.together]),
    ...(mechanism === undefined ? [say.badMechanism(MECHANISMS.join(', '))] : []),
    ...(TOPIC_PREFIX.test(topicPrefix) ? [] : [say.badPrefix]),
  ];
  if (problems.length > 0) throw new SettingsError(problems);
  const sasl =
    username === undefined || passwordFile === undefined || mechanism === undefined
      ? {}
      : { sasl: { mechanism, username, password: readFileSync(passwordFile, 'utf8').trimEnd() } };
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') };
  return { connection: { brokers, clientId: 'renkei-cli', ...sasl, ...ca }, topicPrefix };
}

const TROUBLES = [
  'KAFKA_UNREACHABLE',
  'KAFKA_TIMEOUT',
  'KAFKA_LOGIN_REFUSED',
  'KAFKA_CERTIFICATE_REFUSED',
  'KAFKA_ACCESS_REFUSED',
  'KAFKA_TOPIC_UNSUITABLE',
  'KAFKA_FAILED',
] as const;
const isTold = (code: string): code is (typeof TROUBLES)[number] => TROUBLES.some((known) => known === code);

/** The brokers' answer in the session's language; the code stays. */
async function asked<T>(work: Promise<T>, session: Session): Promise<T> {
  const say = grantTexts(session.language);
  try {
    return await work;
  } catch (error) {
    const { code, kind, message } = error as DomainError;
    if (!(error instanceof DomainError)) throw error;
    const refused = code === 'KAFKA_LOGIN_REFUSED' || code === 'KAFKA_ACCESS_REFUSED';
    throw new DomainError(code, refused ? 'forbidden' : kind, isTold(code) ? say[code] : message, {}, { cause: error });
  }
}

/** An agency's topic, and its login's right to read it: for whoever keeps the brokers. */
export function grantCommand(session: Session): Command {
  const { language } = session;
  const say = grantTexts(language);
  return command<GrantOptions>(
    session,
    'grant',
    say.grant,
    (made) =>
      made
        .argument('<agency>', say.agency)
        .option('--brokers <list>', `${say.brokers} (KAFKA_BROKERS)`)
        .option('--username <name>', `${say.username} (KAFKA_USERNAME)`)
        .option('--password-file <file>', `${say.passwordFile} (KAFKA_PASSWORD_FILE)`)
        .addOption(choice('--mechanism <name>', `${say.mechanism} (KAFKA_MECHANISM)`, MECHANISMS))
        .option('--ca-file <file>', `${say.caFile} (KAFKA_TLS_CA_FILE)`)
        .option('--topic-prefix <prefix>', `${say.topicPrefix} (KAFKA_TOPIC_PREFIX)`),
    async (options, [who = '']) => {
      const agency = findAgency('<agency>', who, language);
      const { connection, topicPrefix } = settingsOf(options, session);
      const { grantAgency } = await import('#libs/feed'); // the driver is slow to load: only where it is needed
      const { code } = agency.registration;
      const grant = await asked(grantAgency({ connection, names: { topicPrefix }, agency: code }), session);
      session.answer({ agency: code, ...grant }, (out) => {
        out.heading(wholeNameOf(agency));
        printFacts(out, [
          [say.topic, `${grant.topic} (${grant.topicMade ? say.made : say.present})`],
          [say.principal, grant.principal],
          [say.groups, `${grant.groupPrefix}…`],
          [say.rights, grant.added.length === 0 ? say.present : say.added(grant.added.length)],
        ]);
        if (grant.others.length === 0) return;
        out.line(say.others);
        const rows = grant.others.map(({ permission, operation, resource, pattern, name, host }) => [permission, operation, resource, pattern, name, host]);
        out.table({ head: [say.permission, say.operation, say.resource, say.pattern, say.name, say.host], rows });
      });
      return grant.others.length === 0 ? EXIT.done : EXIT.no;
    },
  );
}
