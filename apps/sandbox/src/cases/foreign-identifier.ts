import { subjectKeyId } from '#libs/cryptography';
import { subjectDecider, type SubjectEvent } from '#libs/domain';
import { clear, DomainError, isSealed, plusMs } from '#libs/kernel';
import { theCast } from '../cast/agencies.js';
import { INFORMATION } from '../cast/law.js';
import { inAgencyNumber, type Person, thePeople } from '../cast/people.js';
import { TAX_YEAR } from '../cast/replicas.js';
import { denied } from './ask.js';
import { case7Texts } from './case-7.texts.js';
import type { Stage } from './stage.js';

const ACQUISITION = 'planted-fault';
const HOUR_MS = 3_600_000;

/**
 * An identifier that another agency was issued is refused. No interface lets one in, so the fault is planted: city X's server
 * is made to hold city A's identifier of a person. All that follows is the ordinary way.
 */
export async function foreignIdentifier(stage: Stage): Promise<void> {
  const { toyonaka, tokorozawa, matsumoto } = theCast();
  const { kenta } = thePeople();
  const confused: Person = { ...kenta, id: ACQUISITION };
  await plant(stage, toyonaka, inAgencyNumber(toyonaka, confused), await identifierOf(stage, tokorozawa, inAgencyNumber(tokorozawa, kenta)));
  stage.tell('note', case7Texts(stage.language).planted(toyonaka.server));
  await stage.ask([
    {
      requester: toyonaka,
      provider: matsumoto,
      person: confused,
      item: '74',
      information: INFORMATION.localTax,
      period: TAX_YEAR,
      department: 'child-welfare',
      expected: denied('IDENTIFIER_NOT_VALID'),
    },
  ]);
}

interface Holder {
  readonly code: string;
  readonly server: string;
}

/** The identifier that an agency's server holds of a person, opened with that server's own keys. */
async function identifierOf(stage: Stage, { code, server }: Holder, number: string): Promise<string> {
  const { recorder, names, fields } = stage.nation.partyOf(server);
  const [history = []] = await recorder.load<SubjectEvent>([`subject-${names.subject(code, number)}`]);
  const obtained = history.map(({ event }) => event as unknown as SubjectEvent).find((event) => event.type === 'IdentifierObtained');
  const field = obtained?.data.identifier;
  if (field === undefined || !isSealed(field)) throw new DomainError('IDENTIFIER_MISSING', 'internal', 'the agency holds no identifier of this person');
  return fields.disclose(field).value;
}

async function plant(stage: Stage, { code, server }: Holder, number: string, identifier: string): Promise<void> {
  const { recorder, names } = stage.nation.partyOf(server);
  const name = names.subject(code, number);
  const at = stage.now();
  const context = { at, actor: 'operator', agency: code, correlationId: ACQUISITION, causationId: ACQUISITION, keyId: subjectKeyId(code, name) };
  const subject = clear(number);
  const acquisition = names.acquisition(ACQUISITION);
  const stream = `subject-${name}`;
  const request = { subject, acquisitionNumber: clear(ACQUISITION), acquisition, expiresAt: plusMs(at, HOUR_MS), now: at };
  const commands = [
    { type: 'RequestAcquisition', data: request } as const,
    { type: 'RecordIdentifier', data: { subject, identifier: clear(identifier), acquisition } } as const,
  ];
  const [history = []] = await recorder.load<SubjectEvent>([stream]);
  if (history.length > 0) return; // planted by an earlier run
  for (const command of commands) {
    const [outcome] = await recorder.execute(subjectDecider, [{ stream, command, context }]);
    if (outcome?.status !== 'fulfilled') throw new DomainError('FAULT_NOT_PLANTED', 'internal', 'the fault could not be planted');
  }
}
