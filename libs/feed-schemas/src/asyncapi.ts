import { toKafkaMessage } from './feed-codec.js';
import type { FeedEvent } from './feed-event.js';
import { FEED_TYPES, type FeedType, feedTypes } from './feed-types.js';
import { attributesSchema, dataSchemaOf } from './json-schemas.js';
import { FEED_RETENTION_MS_MAX } from './retention.js';
import type { JsonSchema } from './schema.js';
import { TOPIC_PREFIX_DEFAULT } from './topic.js';

/** Of AsyncAPI's Kafka bindings. */
const BINDING_VERSION = '0.5.0';

/** The headers of a record, from the attributes of an event: CloudEvents binary content mode. */
function headersSchemaOf(type: FeedType): JsonSchema {
  const { properties, required } = attributesSchema as { properties: Record<string, JsonSchema>; required: readonly string[] };
  const headerOf = (name: string): string => (name === 'datacontenttype' ? 'content-type' : `ce_${name}`);
  const known: Record<string, JsonSchema> = {
    ...properties,
    type: { type: 'string', const: type },
    dataschema: { type: 'string', const: dataSchemaOf(type)['$id'] },
  };
  return { type: 'object', properties: Object.fromEntries(required.map((name) => [headerOf(name), known[name]])), required: required.map(headerOf) };
}

function messageOf(type: FeedType, sample: FeedEvent): JsonSchema {
  const { title, description } = feedTypes[type];
  return {
    name: type,
    title,
    summary: description,
    contentType: 'application/json',
    headers: headersSchemaOf(type),
    payload: { $ref: `#/components/schemas/${type}` },
    bindings: { kafka: { key: { type: 'string', description: 'The event’s partitionkey.' }, bindingVersion: BINDING_VERSION } },
    examples: [{ name: 'all-fields', headers: toKafkaMessage(sample).headers, payload: sample.data }],
  };
}

const DESCRIPTION = [
  'What an agency’s systems are told, as CloudEvents 1.0 in Kafka’s binary content mode: one topic an agency, one partition, in the order of the server’s record.',
  'It holds no identifier and no provided value: a result is fetched over HTTP from the agency’s intermediate server, by the exchange id that stands in the event.',
  'An event may come again after a fault of the consumer; it has the same id then. Fields, attributes and types that a consumer does not know are passed over.',
  'The same feed is at GET /feed of the intermediate server, for agencies without Kafka.',
].join('\n\n');

/** AsyncAPI 3 document of the feed. `sampleOf`: an event of a type, with every field, for its example. */
export function asyncApiDocument(sampleOf: (type: FeedType) => FeedEvent): JsonSchema {
  const reference = (path: string, type: FeedType): JsonSchema => ({ $ref: `#/${path}/${type}` });
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Renkei feed of an agency',
      version: '1.0.0',
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      kafka: {
        host: 'kafka.renkei.example:9093',
        protocol: 'kafka-secure',
        description: 'An example; each deployment has its own. A login of the agency’s own may read its topic and no other.',
        security: [{ $ref: '#/components/securitySchemes/scram' }],
      },
    },
    channels: {
      agencyTopic: {
        address: `${TOPIC_PREFIX_DEFAULT}{agency}`,
        title: 'The agency’s topic',
        parameters: {
          agency: {
            description: 'Code of the agency, 16 digits. The prefix before it is the deployment’s (KAFKA_TOPIC_PREFIX).',
            examples: ['0220114130501700'],
          },
        },
        messages: Object.fromEntries(FEED_TYPES.map((type) => [type, reference('components/messages', type)])),
        bindings: {
          kafka: {
            partitions: 1,
            topicConfiguration: { 'cleanup.policy': ['delete'], 'retention.ms': FEED_RETENTION_MS_MAX },
            bindingVersion: BINDING_VERSION,
          },
        },
      },
    },
    operations: {
      consumeFeed: {
        action: 'receive',
        title: 'Consume the feed',
        summary: 'Read committed; each event taken in once by its id, in the agency’s own transaction.',
        channel: { $ref: '#/channels/agencyTopic' },
        messages: FEED_TYPES.map((type) => reference('channels/agencyTopic/messages', type)),
      },
    },
    components: {
      messages: Object.fromEntries(FEED_TYPES.map((type) => [type, messageOf(type, sampleOf(type))])),
      schemas: Object.fromEntries(FEED_TYPES.map((type) => [type, dataSchemaOf(type)])),
      securitySchemes: { scram: { type: 'scramSha256', description: 'The agency’s own login.' } },
    },
  };
}
