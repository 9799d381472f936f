import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { parseAgencyCode } from '#libs/domain';
import type { AgencyCode } from '#libs/kernel';
import type { Language } from '#libs/terminal';
import { SettingsError } from '../command-line/failures.js';
import type { Environment, Session } from '../command-line/session.js';
import { agencyOfCode, findAgency } from '../names/agencies.js';
import { connectionTexts } from './connection.texts.js';
import { type PrivateKey, readPrivateKey } from './private-key.js';

export interface ConnectionOptions {
  readonly server?: string;
  readonly serverId?: string;
  readonly agency?: string;
  readonly key?: string;
  readonly profile?: string;
}

export const connectionOptions = (command: Command, session: Session): Command => {
  const say = connectionTexts(session.language);
  return command
    .option('--server <url>', `${say.server} (RENKEI_SERVER)`)
    .option('--server-id <id>', `${say.serverId} (RENKEI_SERVER_ID)`)
    .option('--agency <who>', `${say.agency} (RENKEI_AGENCY)`)
    .option('--key <path>', `${say.key} (RENKEI_KEY)`)
    .option('--profile <file>', `${say.profile} (RENKEI_PROFILE)`);
};

export const PROFILE_FIELDS = ['server', 'serverId', 'agency', 'key'] as const;
type Profile = Partial<Record<(typeof PROFILE_FIELDS)[number], string>>;

/** Reads a profile; a key's path is seen from the profile's directory. */
export function readProfile(option: string, path: string, language: Language): Profile {
  const say = connectionTexts(language);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new SettingsError([say.profileMissing(option, path)]);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined; // told below, as any other text that is not a profile
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SettingsError([say.profileNotJson(option, path)]);
  const problems = Object.entries(value).flatMap(([field, content]) => {
    if (!PROFILE_FIELDS.some((known) => known === field)) return [say.profileField(option, field, PROFILE_FIELDS.join(', '))];
    return typeof content === 'string' && content !== '' ? [] : [say.profileMissingValue(option, field)];
  });
  if (problems.length > 0) throw new SettingsError(problems);
  const profile = value as Profile;
  return profile.key === undefined ? profile : { ...profile, key: resolve(dirname(path), profile.key) };
}

export const isHttpAddress = (text: string): boolean => {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false; // no address at all
  }
};

/** Options first, then the environment, then the profile. */
function given(options: ConnectionOptions, environment: Environment, language: Language): Profile {
  const variable = (name: string): string | undefined => environment[name] || undefined;
  const path = options.profile ?? variable('RENKEI_PROFILE');
  const profile = path === undefined ? {} : readProfile(options.profile === undefined ? 'RENKEI_PROFILE' : '--profile', path, language);
  const server = options.server ?? variable('RENKEI_SERVER') ?? profile.server;
  const serverId = options.serverId ?? variable('RENKEI_SERVER_ID') ?? profile.serverId;
  const agency = options.agency ?? variable('RENKEI_AGENCY') ?? profile.agency;
  const key = options.key ?? variable('RENKEI_KEY') ?? profile.key;
  return {
    ...(server === undefined ? {} : { server }),
    ...(serverId === undefined ? {} : { serverId }),
    ...(agency === undefined ? {} : { agency }),
    ...(key === undefined ? {} : { key }),
  };
}

/** An agency by code, also one that is not in the reference data, or by name. */
function agencyCode(text: string, language: Language): AgencyCode {
  return /^\d{16}$/.test(text) ? parseAgencyCode(text, '--agency') : findAgency('--agency', text, language).registration.code;
}

export interface Connection extends PrivateKey {
  readonly baseUrl: string;
  readonly server: string;
  readonly agency: AgencyCode;
}

/** What a connection to an agency's intermediate server needs. Throws SettingsError listing all that is missing or wrong. */
export function connectionOf(options: ConnectionOptions, session: Session): Connection {
  const { language, environment } = session;
  const say = connectionTexts(language);
  const { server, serverId, agency, key } = given(options, environment, language);
  const code = agency === undefined ? undefined : agencyCode(agency, language);
  const id = serverId ?? (code === undefined ? undefined : agencyOfCode(code)?.intermediateServer);
  const problems = [
    ...(server === undefined ? [say.missing('--server', 'RENKEI_SERVER', say.server)] : isHttpAddress(server) ? [] : [say.notAnAddress('--server')]),
    ...(code === undefined ? [say.missing('--agency', 'RENKEI_AGENCY', say.agency)] : []),
    ...(id === undefined && code !== undefined ? [say.missing('--server-id', 'RENKEI_SERVER_ID', say.serverId)] : []),
    ...(key === undefined ? [say.missing('--key', 'RENKEI_KEY', say.key)] : []),
  ];
  if (problems.length > 0 || server === undefined || code === undefined || id === undefined || key === undefined) throw new SettingsError(problems);
  return { baseUrl: server, server: id, agency: code, ...readPrivateKey('--key', key, language) };
}
