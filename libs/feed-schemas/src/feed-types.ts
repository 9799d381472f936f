import { exchangeId, flag, instant, oneOf, optional, text, texts, whole, type Fields } from './schema.js';

const inAgencyNumber = optional(
  text('団体内統合宛名番号: the number by which the agency itself names the person. Left out where its key was destroyed, or the server was never told it.'),
);
const ofTheQuery = {
  exchangeId: exchangeId('One query about one person: names the exchange at all three parties.'),
  inAgencyNumber,
  applicationId: optional(text('Groups the exchanges of one application, as the agency gave it.')),
  bulkId: optional(text('The bulk that the query was a line of, as the agency gave it.')),
  line: optional(whole('The number of that line.')),
  provider: text('Code of the agency that is asked.'),
  affair: text('Code of the affair (事務) that the information is needed for.'),
  procedure: optional(text('Code of the procedure (事務手続).')),
  information: text('Code of the specific personal information (特定個人情報名).'),
  dataset: optional(text('The one data set that was asked for; all of them where it is left out.')),
  period: optional(text('The period asked for: a year, or two days joined by a slash.')),
  department: text('Code of the department that asked.'),
  nonDisclosure: flag('The requester seals the fact of the exchange towards the person (照会側不開示).'),
} as const;
const ofTheDemand = {
  exchangeId: ofTheQuery.exchangeId,
  inAgencyNumber,
  requester: text('Code of the agency that asks.'),
  affair: ofTheQuery.affair,
  procedure: ofTheQuery.procedure,
  information: ofTheQuery.information,
  dataset: ofTheQuery.dataset,
  period: ofTheQuery.period,
  nonDisclosure: ofTheQuery.nonDisclosure,
} as const;
const providerNonDisclosure = flag('The provider seals the fact of the provision towards the person (提供側不開示).');
const items = texts('What was provided, as information/dataset/period. Never a value.');
const ofTheReplica = {
  inAgencyNumber,
  information: text('Code of the specific personal information (特定個人情報名) that the replica holds.'),
  dataset: text('Which data set of it.'),
  period: optional(text('The period that it is of.')),
} as const;
const layout = text('Version of the data standard layout (データ標準レイアウト) that it is written in.');
const ofTheScope = {
  inAgencyNumber,
  information: optional(text('The one information that it is said of; the whole person where it is left out.')),
  department: text('Code of the department whose official said so.'),
} as const;

interface FeedTypeDefinition {
  /** What an event of this type tells, in a few words. */
  readonly title: string;
  readonly description: string;
  readonly fields: Fields;
}

/**
 * What an agency's systems are told, by CloudEvents type. A type's meaning and required fields never change; another
 * optional field may be added, anything else is a new version beside the old one.
 */
export const feedTypes = {
  'renkei.query.decided.v1': {
    title: 'A query was decided',
    description: 'The core permitted or denied the query. A permitted one is followed by its result, its end or its withdrawal.',
    fields: {
      ...ofTheQuery,
      decision: oneOf(['permitted', 'denied'], 'What the core decided.'),
      decidedAt: instant('Business instant at which the decision was recorded here.'),
      reason: optional(text('Code of the reason of a denial.')),
      article: optional(text('The article of law that a denial rests on.')),
      table: optional(text('Version of the permission table that was decided under.')),
      item: optional(text('Item of that table.')),
      validUntil: optional(instant('Business instant after which a permitted query that was not answered has lapsed.')),
    },
  },
  'renkei.result.received.v1': {
    title: 'A result is ready',
    description: 'The provided data lies in the result mailbox until it is acknowledged: fetch it with GET /results/{exchangeId}.',
    fields: {
      ...ofTheQuery,
      items,
      providedAt: instant('Business instant of the provision.'),
      receivedAt: instant('Business instant of its receipt.'),
      keptUntil: instant('Business instant until which the mailbox keeps it if it is not acknowledged.'),
      providerNonDisclosure,
    },
  },
  'renkei.query.ended.v1': {
    title: 'A query ended without data',
    description: 'No data is expected any more. A provision made in time may still arrive: it is told as a result then.',
    fields: {
      ...ofTheQuery,
      outcome: oneOf(
        ['impossible', 'not-provided', 'lapsed'],
        'impossible: the provider has no identifier for the person (通知不可); lapsed: unanswered within its validity; not-provided: anything else, as the reason says.',
      ),
      reason: text('Code of the reason.'),
      endedAt: instant('Business instant of the end.'),
      providerNonDisclosure,
    },
  },
  'renkei.query.withdrawn.v1': {
    title: 'A query was withdrawn',
    description: 'The agency withdrew it: nothing is taken in for it any more.',
    fields: { ...ofTheQuery, withdrawnAt: instant('Business instant of the withdrawal.'), withdrawnBy: text('Code of the department that withdrew it.') },
  },
  'renkei.provision.held.v1': {
    title: 'A provision waits for an official',
    description: 'The automatic answer is blocked (自動応答不可): an official releases or ends it before its validity is over.',
    fields: {
      ...ofTheDemand,
      reason: text('SUBJECT_BLOCKED or RECORD_BLOCKED.'),
      heldAt: instant('Business instant from which it waits.'),
      validUntil: instant('Business instant after which nothing may be provided any more.'),
    },
  },
  'renkei.provision.made.v1': {
    title: 'A provision was made',
    description: 'The agency answered another agency’s query with data of its replicas.',
    fields: {
      ...ofTheDemand,
      items,
      providedAt: instant('Business instant of the provision.'),
      automatic: flag('False where an official released it.'),
      providerNonDisclosure,
    },
  },
  'renkei.provision.not-made.v1': {
    title: 'A provision was not made',
    description: 'The agency answered another agency’s query without data, for the reason given.',
    fields: {
      ...ofTheDemand,
      reason: text('Code of the reason.'),
      endedAt: instant('Business instant of the end.'),
      department: optional(text('Code of the department whose official ended it; left out where the server did.')),
      providerNonDisclosure,
    },
  },
  'renkei.replica.registered.v1': {
    title: 'A replica was registered',
    description: 'A replica (副本) that an existing system sent stands in the record.',
    fields: { ...ofTheReplica, layout },
  },
  'renkei.replica.corrected.v1': {
    title: 'A replica was corrected',
    description: 'Another content stands in place of the one before.',
    fields: { ...ofTheReplica, layout },
  },
  'renkei.replica.withdrawn.v1': { title: 'A replica was withdrawn', description: 'It is provided no more.', fields: ofTheReplica },
  'renkei.automatic-answer.blocked.v1': {
    title: 'Automatic answers were blocked',
    description: '自動応答不可: an official answers from now on.',
    fields: ofTheScope,
  },
  'renkei.automatic-answer.unblocked.v1': {
    title: 'Automatic answers were unblocked',
    description: 'The server answers by itself again.',
    fields: ofTheScope,
  },
  'renkei.non-disclosure.set.v1': {
    title: 'Non-disclosure was set',
    description: '提供側不開示: the fact of a provision is sealed towards the person from now on.',
    fields: ofTheScope,
  },
  'renkei.non-disclosure.lifted.v1': { title: 'Non-disclosure was lifted', description: 'The fact of a provision is shown again.', fields: ofTheScope },
  'renkei.identifier.obtained.v1': {
    title: 'An identifier was obtained',
    description: 'The agency can be asked about the person, and ask. The identifier itself stays in the server.',
    fields: { inAgencyNumber },
  },
  'renkei.identifier.reissued.v1': {
    title: 'An identifier was reissued',
    description: 'Another identifier is in force for the person; nothing is to be done.',
    fields: { inAgencyNumber, changedAt: instant('Business instant of the change at the core.') },
  },
  'renkei.identifier.revoked.v1': {
    title: 'An identifier was revoked',
    description: 'The agency holds none for the person any more: it asks for another before its next query.',
    fields: { inAgencyNumber, changedAt: instant('Business instant of the change at the core.') },
  },
} as const satisfies Readonly<Record<string, FeedTypeDefinition>>;

export type FeedType = keyof typeof feedTypes;
export const FEED_TYPES = Object.keys(feedTypes) as readonly FeedType[];
export const isFeedType = (type: string): type is FeedType => Object.hasOwn(feedTypes, type);
