import {
  type DirectoryCache,
  failed,
  type IntermediateServerPort,
  type LineOutcome,
  movedPlaces,
  notSpokenFor,
  type Proven,
  type SharedProof,
} from '#libs/protocol';
import { byDestination, Outcomes, relay, type Routed } from './relay.js';

export type Role = 'requester' | 'provider' | 'holder';

/** Who speaks for whom (the directory's word), and so where a line goes. */
export class Routing {
  constructor(
    private readonly id: string,
    private readonly directory: DirectoryCache,
    private readonly intermediateServer: (id: string) => IntermediateServerPort,
  ) {}

  /** Passes on the lines of agencies that the calling intermediate server and this interface system speak for; refuses the others. */
  async relayHosted<In extends Role, Line extends Readonly<Record<In, string>>, T>(
    caller: string,
    role: In,
    lines: readonly Line[],
    send: (lines: readonly Line[]) => Promise<readonly LineOutcome<T>[]>,
    verify?: (line: Line, answer: T) => void,
  ): Promise<readonly LineOutcome<T>[]> {
    await this.directory.know(lines.map((line) => line[role]));
    const check = (line: Line): void => {
      const agency = this.directory.agencyNow(line[role]);
      if (agency?.intermediateServer !== caller || agency.interfaceSystem !== this.id) throw notSpokenFor(role);
    };
    return relay(lines, check, send, verify);
  }

  /** The intermediate server behind this interface system that speaks for an agency. Throws AGENCY_NOT_SPOKEN_FOR. */
  serverOf(role: Role, code: string): string {
    const agency = this.directory.agencyNow(code);
    if (agency?.interfaceSystem !== this.id) throw notSpokenFor(role);
    return agency.intermediateServer;
  }

  /**
   * Groups lines by the intermediate server that they concern; a server that fails takes only its own lines with it. The
   * places in the outcomes refer to the proofs of all servers together.
   */
  async eachServer<Line, T = true>(
    lines: readonly Line[],
    serverOf: (line: Line) => string,
    handle: (server: IntermediateServerPort, lines: readonly Line[], id: string) => Promise<Proven<T>>,
  ): Promise<Proven<T>> {
    const outcomes = new Outcomes<T>(lines.length);
    const servers = new Map<Line, string>();
    const routed: Routed<Line>[] = [];
    for (const [index, line] of lines.entries()) {
      try {
        servers.set(line, serverOf(line));
        routed.push({ index, line });
      } catch (error) {
        outcomes.set(index, failed(error));
      }
    }
    const proofs: SharedProof[] = [];
    await Promise.all(
      [...byDestination(routed, (line) => servers.get(line) as string)].map(async ([server, group]) => {
        try {
          const answer = await handle(
            this.intermediateServer(server),
            group.map(({ line }) => line),
            server,
          );
          for (const [at, { index }] of group.entries()) outcomes.set(index, movedPlaces(answer.outcomes[at] as LineOutcome<T>, proofs.length));
          proofs.push(...(answer.proofs ?? []));
        } catch (error) {
          outcomes.fail(
            group.map(({ index }) => index),
            error,
          );
        }
      }),
    );
    return proofs.length === 0 ? { outcomes: outcomes.all() } : { outcomes: outcomes.all(), proofs };
  }
}
