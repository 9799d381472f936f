import type { Directory } from './directory.js';
import type { LineOutcome } from './line-outcome.js';
import type { Proven, SharedProof } from './ledger.messages.js';
import { type PostJson, sendLines, sendProvenLines } from './lines.js';
import { CorePort, InterfaceSystemPort, IntermediateServerPort } from './ports.js';

/** Path of each hop below the server's address; body `{"lines":[…]}`, answer `{"outcomes":[…]}`. */
export const PATHS = {
  decideQueries: '/decisions',
  reportProvisions: '/provision-reports',
  recordReceipts: '/receipts',
  withdrawQueries: '/withdrawals',
  exchangeStatuses: '/exchange-statuses',
  askHolders: '/holders',
  issueAcquisitionNumbers: '/acquisition-numbers',
  issueIdentifiers: '/identifier-issuances',
  collectIdentifiers: '/identifier-collections',
  proveConsistency: '/consistency-proofs',
  witnessCheckpoints: '/checkpoints',
  tellRecords: '/records-of-exchanges',
  directory: '/directory',
  deliverDemands: '/demands',
  deliverWithdrawals: '/withdrawal-notices',
  deliverIdentifierChanges: '/identifier-changes',
  deliverProvisions: '/provisions',
  sendProvisions: '/outgoing-provisions',
  answerDemands: '/demands',
  endWithdrawn: '/withdrawal-notices',
  receiveProvisions: '/provisions',
  changeIdentifiers: '/identifier-changes',
  forwardAcquisitions: '/acquisitions',
  assignNumbers: '/numbers',
  changeNumbers: '/number-changes',
} as const;

/** Outcomes as the server tells them: the answer's type is the port's. */
type Hop<T> = Promise<readonly LineOutcome<T>[]>;
type ProvenHop<T> = Promise<Proven<T>>;
const from = (seen: number | undefined): object => (seen === undefined ? {} : { seen });

/** The core over HTTP. The token tells who calls: the `caller` argument is not sent. */
export class HttpCorePort extends CorePort {
  constructor(private readonly post: PostJson) {
    super();
  }
  override decideQueries = (_caller: string, lines: readonly object[], seen?: number): ProvenHop<never> =>
    sendProvenLines(this.post, PATHS.decideQueries, lines, from(seen));
  override reportProvisions = (_caller: string, lines: readonly object[], seen?: number): ProvenHop<never> =>
    sendProvenLines(this.post, PATHS.reportProvisions, lines, from(seen));
  override recordReceipts = (_caller: string, lines: readonly object[], seen?: number): ProvenHop<never> =>
    sendProvenLines(this.post, PATHS.recordReceipts, lines, from(seen));
  override withdrawQueries = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.withdrawQueries, lines);
  override exchangeStatuses = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.exchangeStatuses, lines);
  override askHolders = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.askHolders, lines);
  override issueAcquisitionNumbers = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.issueAcquisitionNumbers, lines);
  override issueIdentifiers = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.issueIdentifiers, lines);
  override collectIdentifiers = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.collectIdentifiers, lines);
  override proveConsistency = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.proveConsistency, lines);
  override witnessCheckpoints = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.witnessCheckpoints, lines);
  override directory = async (): Promise<Directory> => (await this.post(PATHS.directory, {})) as Directory;
}

/** An interface system over HTTP. */
export class HttpInterfaceSystemPort extends InterfaceSystemPort {
  constructor(private readonly post: PostJson) {
    super();
  }
  override deliverDemands = (_caller: string, lines: readonly object[], proof?: SharedProof): Hop<never> =>
    sendLines(this.post, PATHS.deliverDemands, lines, proof === undefined ? {} : { proof });
  override deliverWithdrawals = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.deliverWithdrawals, lines);
  override deliverIdentifierChanges = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.deliverIdentifierChanges, lines);
  override deliverProvisions = (_caller: string, lines: readonly object[]): ProvenHop<never> => sendProvenLines(this.post, PATHS.deliverProvisions, lines);
  override decideQueries = (_caller: string, lines: readonly object[]): ProvenHop<never> => sendProvenLines(this.post, PATHS.decideQueries, lines);
  override withdrawQueries = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.withdrawQueries, lines);
  override exchangeStatuses = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.exchangeStatuses, lines);
  override askHolders = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.askHolders, lines);
  override issueAcquisitionNumbers = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.issueAcquisitionNumbers, lines);
  override collectIdentifiers = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.collectIdentifiers, lines);
  override witnessCheckpoints = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.witnessCheckpoints, lines);
  override tellRecords = (_caller: string, lines: readonly object[]): ProvenHop<never> => sendProvenLines(this.post, PATHS.tellRecords, lines);
  override sendProvisions = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.sendProvisions, lines);
}

/** An intermediate server over HTTP, as its interface system sees it. */
export class HttpIntermediateServerPort extends IntermediateServerPort {
  constructor(private readonly post: PostJson) {
    super();
  }
  override answerDemands = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.answerDemands, lines);
  override endWithdrawn = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.endWithdrawn, lines);
  override tellRecords = (_caller: string, lines: readonly object[]): ProvenHop<never> => sendProvenLines(this.post, PATHS.tellRecords, lines);
  override receiveProvisions = (_caller: string, lines: readonly object[]): ProvenHop<never> => sendProvenLines(this.post, PATHS.receiveProvisions, lines);
  override changeIdentifiers = (_caller: string, lines: readonly object[]): Hop<never> => sendLines(this.post, PATHS.changeIdentifiers, lines);
}
