import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openParty, type Party } from '#libs/commands';
import { SigningKey } from '#libs/cryptography';
import { agencyEventTypes, exchangeEventTypes, logEventTypes, matrixEventTypes, provisionEventTypes, queryEventTypes } from '#libs/domain';
import { clear, type Decider, EventRegistry, type Message } from '#libs/kernel';
import type { Ledger } from '#libs/ledger';
import { cosign, COSIGNATURE_V1, keyIdOf, parseNote, sha256 } from '#libs/proofs';

export const ASKS = '0220101100201700';
export const ANSWERS = '0220102201201700';
export const NUMBER = '1234567890';
export const AT = '2020-05-08T00:01:03.000Z';
const WITNESS = 'ifs-north';
const DEPLOYMENT = 'test.example';
const MONTH = '2020-05';
const AFFAIR = 'JM99000000000053';
const HELD_UNDER = 'JM99000000000016';
const INFORMATION = 'TM00000000000002';

const events = new EventRegistry([
  ...exchangeEventTypes,
  ...queryEventTypes,
  ...provisionEventTypes,
  ...matrixEventTypes,
  ...agencyEventTypes,
  ...logEventTypes,
]);
/** Records what it is told. */
const teller: Decider<null, Message<'Tell', readonly Message[]>, Message> = { initialState: null, decide: ({ data }) => data, evolve: () => null };
const exchangeIdOf = (index: number): string => `0171f195-dea0-7b8b-962c-${String(index).padStart(12, '0')}`;

/** Core and two agencies' servers with stores, keys and logs in a sandbox's directory, as their servers would leave them. */
export class ThreeParties {
  private constructor(
    private readonly core: Party,
    private readonly east: Party,
    private readonly west: Party,
  ) {}

  static async open(data: string): Promise<ThreeParties> {
    const opened = async (party: string): Promise<Party> => {
      const [dataDirectory, keysDirectory] = ['parties', 'keys'].map((kind) => join(data, kind, party)) as [string, string];
      mkdirSync(dataDirectory, { recursive: true });
      mkdirSync(keysDirectory, { recursive: true, mode: 0o700 });
      return openParty({ dataDirectory, keysDirectory, events, log: { deployment: DEPLOYMENT, party, now: () => AT } });
    };
    return new ThreeParties(await opened('core'), await opened('is-east'), await opened('is-west'));
  }

  async #tell(party: Party, stream: string, messages: readonly Message[], agency?: string): Promise<string> {
    const context = {
      at: AT,
      actor: 'system',
      correlationId: stream,
      causationId: stream,
      keyId: `record/${agency ?? 'core'}/${MONTH}`,
      ...(agency === undefined ? {} : { agency }),
    };
    const [outcome] = await party.recorder.execute(teller, [{ stream, command: { type: 'Tell', data: messages }, context }]);
    if (outcome?.status !== 'fulfilled') throw (outcome as PromiseRejectedResult).reason;
    return outcome.value.history.at(-1)?.leaf ?? '';
  }

  /** Agencies with their servers, a table of two items, what is open, and a witness. */
  async law(): Promise<void> {
    for (const [code, server, affair] of [
      [ASKS, 'is-east', AFFAIR],
      [ANSWERS, 'is-west', HELD_UNDER],
    ] as const) {
      const registration = { code, name: code, class: 'municipality', institution: true, codeHolder: true, welfareOffice: true, healthCentre: false };
      const data = { ...registration, localGovernment: code.slice(4, 10), placeholder: false, official: true, role: 'participant' };
      await this.#tell(this.core, `agency-${code}`, [
        { type: 'AgencyRegistered', data },
        { type: 'AgencyHosted', data: { intermediateServer: server, interfaceSystem: WITNESS } },
        { type: 'AssessmentPublished', data: { affairs: [affair] } },
      ]);
    }
    const rule = [{ class: 'municipality', takesPart: true }];
    const items = ['57', '58'].map((item) => {
      const information = [{ code: INFORMATION, words: '地方税関係情報', holdingAffair: HELD_UNDER, providers: rule, certainty: 'verified' }];
      const words = { affairName: '児童扶養手当', requesterWords: '都道府県知事等', certainty: 'verified', source: 'test' };
      return {
        type: 'PermissionItemEnacted',
        data: { version: '2020-04-01', item, affair: AFFAIR, ...words, requesters: rule, grants: [{ providerWords: '市町村長', information }] },
      };
    });
    const closing = { version: '2020-04-01', effectiveFrom: '2020-04-01', itemCount: 2, itemsDigest: 'x', draft: false, certainty: 'verified', source: 'test' };
    await this.#tell(this.core, 'matrix-2020-04-01', [...items, { type: 'PermissionMatrixEnacted', data: closing }]);
    const opening = { class: 'municipality', items: ['57'], from: '2017-07-18', stage: 'full', certainty: 'verified', source: 'test' };
    await this.#tell(this.core, 'opening-municipality', [{ type: 'OperationOpened', data: opening }]);
  }

  /** One provision, recorded at all three: `index` makes its id; `digest` is the requester's word. */
  async exchange(index: number, { number = NUMBER, requestedAt = AT, digest = 'g' } = {}): Promise<string> {
    const id = exchangeIdOf(index);
    const query = {
      requester: ASKS,
      provider: ANSWERS,
      affair: AFFAIR,
      information: INFORMATION,
      period: '2020',
      department: 'child-welfare',
      nonDisclosure: false,
      requestedAt,
    };
    const subject = { subject: clear(number), subjectStream: this.east.names.subject(ASKS, number) };
    const submitted = { ...query, ...subject, identifier: clear('person at asks'), queryDigest: 'd' };
    const queryLeaf = await this.#tell(this.east, `query-${id}`, [{ type: 'QuerySubmitted', data: submitted }], ASKS);
    const permit = { table: '2020-04-01', item: '57', validUntil: '2020-05-08T01:01:03.000Z' };
    const basis = { requester: 2, provider: 2, matrix: 2, openings: [{ stream: 'opening-municipality', revision: 0 }] };
    const persons = { requesterSubject: clear('person at asks'), providerSubject: clear('person at answers') };
    const decision = { ...query, ...permit, ...persons, queryDigest: 'd', queryLeaf, grant: 0, basis };
    const decisionLeaf = await this.#tell(this.core, `exchange-${id}`, [{ type: 'QueryPermitted', data: decision }]);
    await this.#tell(
      this.east,
      `query-${id}`,
      [{ type: 'QueryDecisionReceived', data: { ...permit, permitted: true, exceptionApplied: false, decisionLeaf } }],
      ASKS,
    );
    const provided = { providedAt: AT, items: [`${INFORMATION}/assessment/2020`], digest: 'g', nonDisclosure: false };
    const demanded = { ...query, ...permit, identifier: clear('person at answers'), decisionLeaf };
    const made = { ...provided, replicas: [], replicaRevision: 0, automatic: true };
    const told = [
      { type: 'ProvisionDemanded', data: demanded },
      { type: 'ProvisionMade', data: made },
    ];
    const providerLeaf = await this.#tell(this.west, `provision-${id}`, told, ANSWERS);
    await this.#tell(this.core, `exchange-${id}`, [{ type: 'ProvisionRecorded', data: { ...provided, automatic: true, late: false, providerLeaf } }]);
    const received = { ...provided, digest, receivedAt: AT, providerLeaf, decisionLeaf, keptUntil: '2020-05-22T00:00:00.000Z' };
    const requesterLeaf = await this.#tell(this.east, `query-${id}`, [{ type: 'ProvisionReceived', data: received }], ASKS);
    await this.#tell(this.core, `exchange-${id}`, [{ type: 'ReceiptRecorded', data: { receivedAt: AT, requesterLeaf } }]);
    return id;
  }

  /** A registered interface system cosigns the core's log as it is now. */
  async witness(): Promise<void> {
    const key = SigningKey.generate();
    const server = { id: WITNESS, kind: 'interface-system', url: 'http://localhost:1', signingKeyId: key.keyId, signingKey: key.verification.publicText };
    await this.#tell(this.core, `server-${WITNESS}`, [{ type: 'ServerRegistered', data: { ...server, transportKeyId: 't', transportKey: 't' } }]);
    await this.#caughtUp(this.core);
    const ledger = this.core.ledger as Ledger;
    const { checkpoint } = ledger;
    const name = `${DEPLOYMENT}/${WITNESS}`;
    const publicKey = Buffer.from(key.verification.publicText, 'base64url');
    const cosigner = { name, kind: COSIGNATURE_V1, publicKey, keyId: keyIdOf(sha256, name, COSIGNATURE_V1, publicKey) };
    const line = cosign(parseNote(checkpoint.note)?.text ?? '', { key: cosigner, sign: (message) => key.sign(message) }, 1_588_896_000);
    await ledger.addCosignature(checkpoint, { line, witness: name, size: checkpoint.size, timeSeconds: 1_588_896_000 });
  }

  async #caughtUp(party: Party): Promise<void> {
    await party.ledger?.integrated(await party.store.lastPosition());
  }

  /** Verifier keys of the three logs. */
  get keys(): readonly string[] {
    return [this.core, this.east, this.west].flatMap(({ log }) => log?.keys ?? []);
  }
  /** Everything in the logs, closed. */
  async close(): Promise<void> {
    for (const party of [this.core, this.east, this.west]) {
      await this.#caughtUp(party);
      await party.close();
    }
  }
}
