import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HmacNames, openPartySecrets } from '#libs/cryptography';
import { type AgencyEvent, agencyDecider, parseAgencyCode } from '#libs/domain';
import { DomainError, fold } from '#libs/kernel';
import { type AuditBundle, BUNDLE_CHARACTERS_MAX, type BundleSubject } from '#libs/proofs';
import type { Language } from '#libs/terminal';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import { printFacts } from '../command-line/facts.js';
import { UsageError } from '../command-line/failures.js';
import { personOf } from '../command-line/person.js';
import type { Session } from '../command-line/session.js';
import { findAgency } from '../names/agencies.js';
import { parseInstant } from '../names/instant.js';
import { type EventStoreOptions, eventStoreWay } from '../parties/event-store-option.js';
import { openPartyReadOnly } from '../parties/open-party.js';
import { partiesIn } from '../parties/party-directory.js';
import { exchangeIdGiven } from '../query/query-line.js';
import { aboutWords } from './about-words.js';
import { bundleTexts } from './bundle.texts.js';
import { type BundledParty, collectBundle, isCore } from './collect-bundle.js';
import { findExchanges, type Scanned } from './find-exchanges.js';

/** Of a party's keys directory: a directory without it would get new ones by being asked. */
const SECRETS = 'party-secrets.json';

export interface BundleOptions extends EventStoreOptions {
  readonly exchange?: string;
  readonly person?: string;
  readonly agency?: string;
  readonly period?: string;
  readonly data: string;
  readonly keys?: string;
  readonly out: string;
  readonly disclose?: boolean;
}
/** What is asked for, before a person's name in the streams is known. */
type Asked = Exclude<BundleSubject, { readonly kind: 'person' }> | { readonly kind: 'person'; readonly agency: string; readonly inAgencyNumber: string };

const agencyGiven = (option: string, text: string, language: Language): string =>
  /^\d{16}$/.test(text) ? parseAgencyCode(text, option) : findAgency(option, text, language).registration.code;

async function askedFor({ exchange, person, agency, period }: BundleOptions, session: Session): Promise<Asked> {
  const { language } = session;
  const say = bundleTexts(language);
  if ([exchange, person, agency].filter((given) => given !== undefined).length !== 1) throw new UsageError('--exchange', 'one of three', say.oneSubject);
  if (period !== undefined && agency === undefined) throw new UsageError('--period', 'with --agency', say.periodAlone);
  if (exchange !== undefined) return { kind: 'exchange', exchange: exchangeIdGiven('--exchange', exchange, session) };
  if (person !== undefined) {
    const split = person.indexOf(':');
    if (split < 1 || split === person.length - 1) throw new UsageError('--person', 'AGENCY:NUMBER', say.badPerson);
    return {
      kind: 'person',
      agency: agencyGiven('--person', person.slice(0, split), language),
      inAgencyNumber: await personOf(person.slice(split + 1), session),
    };
  }
  if (period === undefined) throw new UsageError('--period', 'given', say.periodNeeded);
  const [from = '', to = '', ...rest] = period.split('..');
  if (rest.length > 0) throw new UsageError('--period', 'FROM..TO', say.badPeriod);
  const instants = [from, to].map((text) => parseInstant('--period', text, say.badPeriod)) as [string, string];
  if (instants[0] >= instants[1]) throw new UsageError('--period', 'FROM before TO', say.badPeriod);
  return { kind: 'agency', agency: agencyGiven('--agency', agency ?? '', language), from: instants[0], to: instants[1] };
}

/** The server that an agency's record is kept at: as the core's register says, or the only one at hand. */
async function serverOf(agency: string, parties: readonly BundledParty[], language: Language): Promise<BundledParty> {
  const core = parties.find(isCore);
  const others = parties.filter((party) => !isCore(party));
  const history = core === undefined ? [] : await core.store.readStream(`agency-${agency}`);
  const events = history.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString('utf8')) as AgencyEvent);
  const standing = fold(agencyDecider, events);
  const hosted = standing.status === 'registered' ? standing.intermediateServer : undefined;
  const found = core === undefined && others.length === 1 ? others[0] : others.find(({ id }) => id === hosted);
  if (found === undefined) throw new DomainError('NO_SUCH_PARTY', 'not-found', bundleTexts(language).noServer(agency));
  return found;
}

interface Found {
  readonly about: BundleSubject;
  readonly exchanges: readonly string[];
}

async function find(asked: Asked, parties: readonly BundledParty[], session: Session): Promise<Found> {
  if (asked.kind === 'exchange') return { about: asked, exchanges: [asked.exchange] };
  const say = bundleTexts(session.language);
  const server = await serverOf(asked.agency, parties, session.language);
  const about = asked.kind === 'agency' ? asked : personAt(server, asked, session.language);
  const progress = session.json ? undefined : session.err.progress(say.scanning(server.id), Number(await server.store.lastPosition()), { rate: true });
  try {
    return { about, exchanges: await findExchanges(server.store, about, (position) => progress?.update(Number(position))) };
  } finally {
    progress?.stop();
  }
}

function personAt({ keysDirectory }: BundledParty, { agency, inAgencyNumber }: Extract<Asked, { kind: 'person' }>, language: Language): Scanned {
  if (keysDirectory === undefined || !existsSync(join(keysDirectory, SECRETS)))
    throw new UsageError('--keys', 'a keys directory', bundleTexts(language).noKeys);
  const names = new HmacNames(openPartySecrets(keysDirectory).streamSecret);
  return { kind: 'person', agency, subjectStream: names.subject(agency, inAgencyNumber) };
}

/** Whole or not at all; closed to others. Gives its bytes. */
async function write(file: string, bundle: AuditBundle): Promise<number> {
  const text = Buffer.from(`${JSON.stringify(bundle)}\n`, 'utf8');
  if (text.length > BUNDLE_CHARACTERS_MAX) throw new DomainError('TOO_MANY_EXCHANGES', 'too-large', `more than ${BUNDLE_CHARACTERS_MAX} bytes`);
  const partial = `${file}.partial`;
  try {
    await writeFile(partial, text, { flag: 'wx', mode: 0o600, flush: true });
    await rename(partial, file);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'EEXIST') await rm(partial, { force: true });
    throw error;
  }
  return text.length;
}

async function withParties<T>(options: BundleOptions, session: Session, work: (parties: readonly BundledParty[]) => Promise<T>): Promise<T> {
  const { data, keys } = options;
  const opened: BundledParty[] = [];
  try {
    for (const directory of partiesIn(data, { language: session.language, eventStore: eventStoreWay(options, session) })) {
      opened.push({ ...(await openPartyReadOnly(directory)), keysDirectory: directory.keysDirectory ?? keys });
    }
    return await work(opened);
  } finally {
    for (const party of opened) await party.close();
  }
}

async function made(options: BundleOptions, session: Session): Promise<ExitCode> {
  const say = bundleTexts(session.language);
  const asked = await askedFor(options, session);
  if (existsSync(options.out)) throw new UsageError('--out', 'a new file', say.exists(options.out));
  return withParties(options, session, async (parties) => {
    const { about, exchanges } = await find(asked, parties, session);
    const progress = session.json || exchanges.length < 2 ? undefined : session.err.progress(say.collecting, exchanges.length, { rate: true });
    const onRead = (read: number): void => progress?.update(read);
    const bundle = await collectBundle({ about, exchanges, parties, disclose: options.disclose === true, madeAt: new Date().toISOString(), onRead }).finally(
      () => progress?.stop(),
    );
    if (bundle.entries.length === 0) {
      session.answer({ about, exchanges: 0, entries: 0 }, (out) => out.line(say.nothing));
      return EXIT.no;
    }
    const bytes = await write(options.out, bundle);
    const disclosed = bundle.disclosures?.length;
    const told = {
      about,
      exchanges: exchanges.length,
      entries: bundle.entries.length,
      logs: bundle.logs.map(({ origin }) => origin),
      file: options.out,
      bytes,
    };
    session.answer({ ...told, ...(disclosed === undefined ? {} : { disclosed }) }, (out) => {
      out.line(say.written(options.out));
      printFacts(out, [
        [say.about, aboutWords(about, session.language)],
        [say.exchanges, String(told.exchanges)],
        [say.entries, String(told.entries)],
        [say.logs, told.logs.join('\n')],
        [say.size, `${bytes.toLocaleString('en-US')} B`],
        [say.disclosed, disclosed === undefined ? undefined : say.fields(String(disclosed))],
      ]);
    });
    session.note(say.notRecorded);
    session.note(say.check(options.out));
    return EXIT.done;
  });
}

/** Collects and writes a bundle; resolves to how the program ends. Rejects with TOO_MANY_EXCHANGES, NO_SUCH_PARTY, UsageError. */
export async function makeBundle(options: BundleOptions, session: Session): Promise<ExitCode> {
  try {
    return await made(options, session);
  } catch (error) {
    if (error instanceof DomainError && error.code === 'TOO_MANY_EXCHANGES')
      throw new DomainError(error.code, error.kind, bundleTexts(session.language).tooMany(error.message));
    throw error;
  }
}
