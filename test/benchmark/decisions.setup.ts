import { type CoreOptions, type RunningCore, startCore } from '#apps/core';
import type { SigningKey } from '#libs/cryptography';
import { Log, ManualClock } from '#libs/platform';
import type { InterfaceSystemPort, LineOutcome } from '#libs/protocol';
import { referenceAgencies, referenceEnactments, referenceOpenings } from '#libs/reference-data';
import type { Asked, Asking } from './decisions.lines.js';

const AT = '2020-05-08T00:00:00.000Z';
const VERSION = '2020-04-01';
const ITEM = '74';
const TAX = 'TM00000000000002';
const REGISTRY = 'registry';
/** Municipalities that ask and answer. */
const CITIES = 1_000;
export const INTERFACE_SYSTEM = 'ifs-local';
const LINES_A_CALL = 1_000;

/** Takes every demand: what the core hands over is the interface system's to carry on. It is no witness. */
const taking = {
  deliverDemands: (_caller: string, lines: readonly unknown[]) => Promise.resolve(lines.map(() => ({ ok: true, value: true }))),
  witnessCheckpoints: (_caller: string, lines: readonly unknown[]) =>
    Promise.resolve(lines.map(() => ({ ok: false, problem: { code: 'NOT_A_WITNESS', kind: 'unprocessable', detail: 'what is measured has no witness' } }))),
} as unknown as InterfaceSystemPort;

export function valuesOf<T>(outcomes: readonly LineOutcome<T>[]): T[] {
  return outcomes.map((outcome) => {
    if (!outcome.ok) throw new Error(`${outcome.problem.code}: ${outcome.problem.detail}`);
    return outcome.value;
  });
}

export interface MeasuredCore {
  readonly core: RunningCore;
  readonly asking: Asking;
}

/** A core on what is in the directory, or on nothing; no person and no agency is set up here. */
export const startMeasured = (directory: string, options: Partial<CoreOptions> = {}): Promise<RunningCore> =>
  startCore({
    dataDirectory: `${directory}/data`,
    keysDirectory: `${directory}/keys`,
    host: '127.0.0.1',
    port: 0,
    clock: new ManualClock(AT),
    log: Log.create({ app: 'core', level: 'error' }),
    operators: {},
    interfaceSystem: (id) => (id === INTERFACE_SYSTEM ? taking : undefined),
    ...options,
  });

/** A core with the nation's register, the table of 2020 and `persons` whom one city may ask another about. */
export async function measuredCore(directory: string, key: SigningKey, persons: number, options: Partial<CoreOptions> = {}): Promise<MeasuredCore> {
  const core = await startMeasured(directory, options);
  const enactment = referenceEnactments().find(({ version }) => version === VERSION);
  const item = enactment?.items.find((one) => one.item === ITEM);
  const information = item?.grants.flatMap((grant) => grant.information).find(({ code }) => code === TAX);
  if (!enactment || !item || !information) throw new Error('the table of 2020 has item 74 and local tax in it');

  const { operations } = core;
  const server = { url: 'http://127.0.0.1:1', signingKeyId: key.keyId, signingKey: key.publicText };
  const transport = { transportKeyId: 'none', transportKey: key.publicText };
  valuesOf(
    await operations.registerServers([
      { ...server, ...transport, id: INTERFACE_SYSTEM, kind: 'interface-system' },
      { ...server, id: REGISTRY, kind: 'resident-registry' },
    ]),
  );
  const agencies = referenceAgencies();
  valuesOf(await operations.registerAgencies(agencies.map(({ registration }) => registration)));
  const cities = agencies.filter(({ registration }) => registration.class === 'municipality').slice(0, CITIES);
  const codes = cities.map(({ registration }) => registration.code);
  valuesOf(await operations.hostAgencies(codes.map((code) => ({ code, intermediateServer: 'is-east', interfaceSystem: INTERFACE_SYSTEM }))));
  valuesOf(await operations.publishAssessments(codes.map((code) => ({ code, affairs: [item.affair, information.holdingAffair] }))));
  valuesOf([await operations.enactMatrix(enactment)]);
  valuesOf(await operations.openOperations(referenceOpenings().filter((opening) => opening.class === 'municipality')));
  return { core, asking: { asked: await askedPersons(core, codes, persons), affair: item.affair, information: TAX, at: AT } };
}

/** Obtains both cities' identifiers of each person, by way of the registry. */
async function askedPersons({ service }: RunningCore, cities: readonly string[], persons: number): Promise<Asked[]> {
  const city = (index: number): string => cities[index % cities.length] as string;
  const wanted = Array.from({ length: persons }, (_, person) => {
    const residentRecordCode = String(10_000_000_000 + person);
    return { residentRecordCode, reference: `p${person}`, requester: city(person), provider: city(person + 1) };
  });
  const holders = wanted.flatMap(({ requester, provider, ...rest }) => [requester, provider].map((holder) => ({ holder, ...rest })));
  const identifiers: string[] = [];
  for (let from = 0; from < holders.length; from += LINES_A_CALL) {
    const lines = holders.slice(from, from + LINES_A_CALL);
    const numbers = valuesOf(
      await service.issueAcquisitionNumbers(
        INTERFACE_SYSTEM,
        lines.map(({ holder, reference }) => ({ holder, reference })),
      ),
    );
    const numberOf = (index: number): string => numbers[index]?.acquisitionNumber ?? '';
    valuesOf(
      await service.issueIdentifiers(
        REGISTRY,
        lines.map(({ residentRecordCode }, index) => ({ acquisitionNumber: numberOf(index), residentRecordCode })),
      ),
    );
    const collected = await service.collectIdentifiers(
      INTERFACE_SYSTEM,
      lines.map(({ holder }, index) => ({ holder, acquisitionNumber: numberOf(index) })),
    );
    identifiers.push(...valuesOf(collected).map(({ identifier }) => identifier ?? ''));
  }
  return wanted.map(({ requester, provider }, index) => ({ requester, provider, identifier: identifiers[index * 2] ?? '' }));
}
