import { Injectable } from '@nestjs/common';
import { DomainError } from '#libs/kernel';
import type { CallerKey } from '#libs/platform';
import { type AgencyEntry, type DirectoryCache, notSpokenFor } from '#libs/protocol';
import { ServerParts } from '../server-parts.js';

/** Which agencies this server speaks for, and which interface system speaks for them with it (AgencyHosted at the core). */
@Injectable()
export class Hosting {
  constructor(private readonly parts: ServerParts) {}

  /** Makes sure that the directory was asked for these agencies before lines are judged. */
  know(agencies: Iterable<string>): Promise<void> {
    return this.parts.directory.know(agencies);
  }

  /** Throws AGENCY_NOT_SPOKEN_FOR where the agency is not hosted here, or the caller is not its interface system. */
  assertSpeaksFor(caller: string, agency: string, role: 'requester' | 'provider' | 'holder' | 'agency'): AgencyEntry {
    const entry = this.parts.directory.agencyNow(agency);
    if (entry?.intermediateServer !== this.parts.id || entry.interfaceSystem !== caller) {
      throw role === 'agency'
        ? new DomainError('AGENCY_NOT_SPOKEN_FOR', 'forbidden', 'the calling server does not speak for the agency', { field: 'agency' })
        : notSpokenFor(role);
    }
    return entry;
  }

  /** The interface system that speaks for another agency. Throws AGENCY_UNKNOWN. */
  async interfaceSystemOf(agency: string): Promise<string> {
    const entry = await this.parts.directory.agency(agency);
    if (!entry) throw new DomainError('AGENCY_UNKNOWN', 'unavailable', 'the directory does not name this agency', { field: 'agency' });
    return entry.interfaceSystem;
  }
}

type KeyLookup = (issuer: string, keyId: string) => Promise<CallerKey | undefined>;

/** Keys of those who may call: agencies hosted here, and servers. An agency of another server is not known here. */
export function keysOfHosted(server: string, directory: DirectoryCache, keyOf: KeyLookup): KeyLookup {
  return async (issuer, keyId) => {
    const key = await keyOf(issuer, keyId);
    return key?.kind === 'agency' && directory.agencyNow(issuer)?.intermediateServer !== server ? undefined : key;
  };
}
