import {
  agencyCodeOfLocalGovernment,
  type AgencyClass,
  type AgencyRegistration,
  type Certainty,
  hasDesignatedCityForm,
  type LocalGovernmentCode,
  parseAgencyCode,
  parseServerId,
  type ServerKind,
} from '#libs/domain';
import type { AgencyCode, ServerId } from '#libs/kernel';
import { agencyClasses, type AgencyClassEntry, type Host } from './agency-classes.js';
import { type LocalGovernment, localGovernments } from './codes-and-names.js';
import { once } from './tables.js';

/** An institution or code holder as it enters the register, and who speaks and acts for it in the sandbox. */
export interface ReferenceAgency {
  readonly registration: AgencyRegistration & { readonly code: AgencyCode };
  /** Where it is connected at all. */
  readonly intermediateServer?: ServerId;
  readonly interfaceSystem?: ServerId;
  /** Code holder that acts for it. */
  readonly delegatedTo?: AgencyCode;
  readonly certainty: Certainty;
}

const TOKYO = '13';
/** Prefectures up to this number are on the eastern server for local governments. */
const LAST_EASTERN_PREFECTURE = '23';
const PREFECTURES = 47;

type Site = 'east' | 'west' | Exclude<Host, 'local'>;
const server = (site: Site): ServerId => parseServerId(`is-${site}`);
const interfaceSystem = (site: Site): ServerId => parseServerId(site === 'east' || site === 'west' ? 'ifs-local' : `ifs-${site}`);

export interface ReferenceServer {
  readonly id: ServerId;
  readonly kind: ServerKind;
  /** The interface system that it stands behind. */
  readonly behind?: ServerId;
}

/** The sandbox's servers: six intermediate servers behind five interface systems (east and west share one). */
export const referenceServers = once((): readonly ReferenceServer[] => {
  const sites: readonly Site[] = ['east', 'west', 'fund', 'pension', 'ministries', 'others'];
  const systems = [...new Set(sites.map(interfaceSystem))].map((id) => ({ id, kind: 'interface-system' as const }));
  return [...systems, ...sites.map((site) => ({ id: server(site), kind: 'intermediate-server' as const, behind: interfaceSystem(site) }))];
});

/** A code of the reserved range: `99`, class, serial. */
const reservedCode = (entry: AgencyClassEntry, serial: number): AgencyCode =>
  parseAgencyCode(`99${String(entry.number).padStart(4, '0')}${String(serial).padStart(6, '0')}0000`);

const hostedOn = (site: Site | undefined): Pick<ReferenceAgency, 'intermediateServer' | 'interfaceSystem'> =>
  site === undefined ? {} : { intermediateServer: server(site), interfaceSystem: interfaceSystem(site) };

/** A designated city (指定都市), by the form of its code; the register holds no wards of such cities. */
export const designatedCities = once((): readonly LocalGovernmentCode[] =>
  localGovernments().flatMap(({ kind, code }) => (kind === 'municipality' && hasDesignatedCityForm(code) ? [code] : [])),
);

function localGovernmentAgency(government: LocalGovernment): ReferenceAgency {
  const isSpecialWard = government.prefecture === TOKYO && government.name.endsWith('区');
  const isCity = government.kind === 'municipality' && government.name.endsWith('市');
  return {
    registration: {
      code: agencyCodeOfLocalGovernment(government.code),
      name: government.name,
      class: government.kind,
      institution: true,
      codeHolder: true,
      prefecture: government.prefecture,
      localGovernment: government.code,
      welfareOffice: isCity || isSpecialWard,
      healthCentre: isSpecialWard || (isCity && designatedCities().includes(government.code)),
      placeholder: false,
      official: true,
      role: 'participant',
    },
    ...hostedOn(government.prefecture <= LAST_EASTERN_PREFECTURE ? 'east' : 'west'),
    certainty: 'inferred',
  };
}

function reserved(
  entry: AgencyClassEntry,
  serial: number,
  particulars: { readonly name: string; readonly institution: boolean; readonly codeHolder: boolean; readonly prefecture?: string },
): AgencyRegistration & { readonly code: AgencyCode } {
  return {
    code: reservedCode(entry, serial),
    ...particulars,
    class: entry.class,
    welfareOffice: false,
    healthCentre: false,
    placeholder: entry.naming === 'numbered' && particulars.institution,
    official: false,
    role: entry.host === undefined ? 'non-participant' : 'participant',
  };
}

/** Numbered local bodies have no known place: prefectural boards go by prefecture, others half east, half west. */
function siteOf(entry: AgencyClassEntry, serial: number): Site | undefined {
  if (entry.host !== 'local') return entry.host;
  const share = entry.institutions === PREFECTURES ? serial <= Number(LAST_EASTERN_PREFECTURE) : serial * 2 <= entry.institutions;
  return share ? 'east' : 'west';
}

function bodies(entry: AgencyClassEntry, holderOf: (holder: AgencyClass) => AgencyCode): readonly ReferenceAgency[] {
  const { certainty } = entry;
  if (entry.naming === 'named' || entry.naming === 'absent') return [];
  if (entry.naming === 'single') {
    const codeHolder = entry.codeHolders === 1 || entry.class === 'disclosure-portal';
    const registration = reserved(entry, 1, { name: entry.ja, institution: entry.institutions === 1, codeHolder });
    const delegatedTo = entry.delegatedTo === undefined ? {} : { delegatedTo: holderOf(entry.delegatedTo) };
    return [{ registration, ...hostedOn(siteOf(entry, 1)), ...delegatedTo, certainty }];
  }
  const digits = Math.max(2, String(entry.institutions).length);
  const agencies: ReferenceAgency[] = [];
  for (let serial = 1; serial <= entry.institutions; serial += 1) {
    const number = String(serial).padStart(digits, '0');
    const prefecture = entry.host === 'local' && entry.institutions === PREFECTURES ? { prefecture: number } : {};
    const registration = reserved(entry, serial, {
      name: `${entry.ja} ${number}`,
      institution: true,
      codeHolder: entry.delegatedTo === undefined,
      ...prefecture,
    });
    const delegatedTo = entry.delegatedTo === undefined ? {} : { delegatedTo: holderOf(entry.delegatedTo) };
    agencies.push({ registration, ...hostedOn(siteOf(entry, serial)), ...delegatedTo, certainty: 'assumed' });
  }
  if (entry.delegatedTo === entry.class) {
    const registration = reserved(entry, 0, { name: entry.ja, institution: false, codeHolder: true });
    agencies.unshift({ registration, ...hostedOn(siteOf(entry, 0)), certainty });
  }
  return agencies;
}

/**
 * Every institution and code holder of 2020-04-01 (5,375 and 3,627), and besides, not counted: the disclosure portal (a
 * code holder) and the tax agency (known, taking no part). Holders come before those for whom they act.
 */
export const referenceAgencies = once((): readonly ReferenceAgency[] => {
  const classes = agencyClasses();
  const holderOf = (holder: AgencyClass): AgencyCode => {
    const entry = classes.find((candidate) => candidate.class === holder);
    if (entry === undefined) throw new Error(`no class ${holder}`);
    return reservedCode(entry, entry.delegatedTo === holder ? 0 : 1);
  };
  return [...localGovernments().map(localGovernmentAgency), ...classes.flatMap((entry) => bodies(entry, holderOf))];
});
