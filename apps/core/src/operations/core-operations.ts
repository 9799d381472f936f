import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type MatrixItem, PermissionItemEnacted } from '#libs/domain';
import { type LineOutcome } from '#libs/protocol';
import { WitnessedLogs } from '../log/witnessed-logs.js';
import { IdentifierChanges } from '../identifiers/identifier-changes.js';
import type { EnactMatrixRequest, OpeningLine, RepealMatrixRequest } from './matrix.lines.js';
import type {
  AcceptLogKeyLine,
  AssessmentLine,
  ChangeIdentifierLine,
  Changed,
  DelegateAgencyLine,
  HostAgencyLine,
  ParticipationLine,
  RegisterAgencyLine,
  RegisterServerLine,
  RotateAgencyKeyLine,
  RotateServerKeyLine,
  StandingLine,
} from './operation.lines.js';
import { RegisterWriter, toAgency, toServer } from './register-writer.js';

type Told = Promise<readonly LineOutcome<Changed>[]>;

/** SHA-256 over the canonical JSON of the items in order, base64url. */
export const digestOfItems = (items: readonly MatrixItem[]): string =>
  hash('sha256', JSON.stringify(items.map((item) => PermissionItemEnacted.data.canonical(item, 'items'))), 'base64url');

/**
 * What operators do: the register, the law, identifiers that must go. Everything may be done again: what stands already is
 * answered `changed: false`. Lists are as long as the caller likes; each line has its own outcome.
 */
@Injectable()
export class CoreOperations {
  constructor(
    private readonly register: RegisterWriter,
    private readonly identifiers: IdentifierChanges,
    private readonly witnessed: WitnessedLogs,
  ) {}

  registerServers(lines: readonly RegisterServerLine[]): Told {
    return this.register.servers(lines.map((data) => toServer(data.id, { type: 'RegisterServer', data })));
  }
  rotateServerKeys(lines: readonly RotateServerKeyLine[]): Told {
    return this.register.servers(lines.map(({ id, ...data }) => toServer(id, { type: 'RotateServerKey', data })));
  }

  registerAgencies(lines: readonly RegisterAgencyLine[]): Told {
    return this.register.agencies(lines.map((data) => toAgency(data.code, { type: 'RegisterAgency', data })));
  }
  hostAgencies(lines: readonly HostAgencyLine[]): Told {
    return this.register.agencies(lines.map(({ code, ...data }) => toAgency(code, { type: 'HostAgency', data })));
  }
  delegateAgencies(lines: readonly DelegateAgencyLine[]): Told {
    return this.register.agencies(lines.map(({ code, ...data }) => toAgency(code, { type: 'DelegateAgency', data })));
  }
  rotateAgencyKeys(lines: readonly RotateAgencyKeyLine[]): Told {
    return this.register.agencies(lines.map(({ code, ...data }) => toAgency(code, { type: 'RotateAgencyKey', data })));
  }
  publishAssessments(lines: readonly AssessmentLine[]): Told {
    return this.register.agencies(lines.map(({ code, ...data }) => toAgency(code, { type: 'PublishAssessment', data })));
  }
  withdrawAssessments(lines: readonly AssessmentLine[]): Told {
    return this.register.agencies(lines.map(({ code, ...data }) => toAgency(code, { type: 'WithdrawAssessment', data })));
  }
  suspendAgencies(lines: readonly StandingLine[]): Told {
    return this.register.agencies(lines.map(({ code, ...data }) => toAgency(code, { type: 'SuspendAgency', data })));
  }
  reinstateAgencies(lines: readonly StandingLine[]): Told {
    return this.register.agencies(lines.map(({ code, ...data }) => toAgency(code, { type: 'ReinstateAgency', data })));
  }
  changeParticipation(lines: readonly ParticipationLine[]): Told {
    return this.register.agencies(lines.map(({ code, ...data }) => toAgency(code, { type: 'ChangeParticipation', data })));
  }

  /** The whole version in one append; its digest is computed here. */
  async enactMatrix(request: EnactMatrixRequest): Promise<LineOutcome<Changed>> {
    const { version, effectiveFrom, items, draft, certainty, source } = request;
    const data = { version, effectiveFrom, items, itemsDigest: digestOfItems(items), draft, certainty, source };
    return only(await this.register.matrix(version, { type: 'EnactPermissionMatrix', data }));
  }
  async repealMatrix({ version, effectiveFrom, source }: RepealMatrixRequest): Promise<LineOutcome<Changed>> {
    return only(await this.register.matrix(version, { type: 'RepealPermissionMatrix', data: { version, effectiveFrom, source } }));
  }
  openOperations(lines: readonly OpeningLine[]): Told {
    return this.register.openings(lines.map((data) => ({ type: 'OpenOperation', data })));
  }

  /** Accepts the key of a server's log, and with it the epoch that it names: what a server cannot bring along by itself. */
  acceptLogKeys(lines: readonly AcceptLogKeyLine[]): Told {
    return this.witnessed.accept(lines);
  }

  /** Revokes, and tells the holder's server; asked again, it tells it again. */
  revokeIdentifiers(lines: readonly ChangeIdentifierLine[]): Told {
    return this.identifiers.change('revoke', lines);
  }
  /** A new identifier in place of the one named; told to the holder's server as above. */
  reissueIdentifiers(lines: readonly ChangeIdentifierLine[]): Told {
    return this.identifiers.change('reissue', lines);
  }
}

function only(outcomes: readonly LineOutcome<Changed>[]): LineOutcome<Changed> {
  const [outcome] = outcomes;
  if (outcome === undefined) throw new Error('an operation has an outcome');
  return outcome;
}
