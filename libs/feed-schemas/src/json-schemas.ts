import { dataschemaOf } from './feed-event.js';
import { FEED_TYPES, type FeedType, feedTypes } from './feed-types.js';
import { INSTANT, type JsonSchema, objectSchema, UUID_V7 } from './schema.js';

/** JSON Schema (draft-07) of the data of a type: what `schemas/<type>.schema.json` holds. */
export function dataSchemaOf(type: FeedType): JsonSchema {
  const { title, description, fields } = feedTypes[type];
  return { $schema: 'http://json-schema.org/draft-07/schema#', $id: dataschemaOf(type), title, description, ...objectSchema(fields) };
}

/** JSON Schema of an event's attributes, whatever its type. Other extensions are let pass. */
export const attributesSchema: JsonSchema = {
  type: 'object',
  properties: {
    specversion: { type: 'string', const: '1.0' },
    id: { type: 'string', pattern: UUID_V7, description: 'Names the stored event: the same fact has the same id, however often it comes.' },
    source: { type: 'string', pattern: '^/[^/]+/[^/]+$', maxLength: 200, description: '/<deployment>/<party>: the server whose record it is of.' },
    type: { type: 'string', enum: FEED_TYPES },
    subject: { type: 'string', minLength: 1, maxLength: 200, description: 'Exchange id; of events about a person alone an opaque name of the person.' },
    time: { type: 'string', pattern: INSTANT, description: 'When it was recorded: RFC 3339, UTC, milliseconds.' },
    dataschema: { type: 'string', minLength: 1, maxLength: 300, description: 'URI of the JSON Schema of the data.' },
    datacontenttype: { type: 'string', const: 'application/json' },
    partitionkey: { type: 'string', minLength: 1, maxLength: 200, description: 'What concerns one exchange or person keeps its order.' },
    sequence: { type: 'string', pattern: '^[0-9]{20}$', description: 'Place in the source’s record: increasing, not dense.' },
  },
  required: ['specversion', 'id', 'source', 'type', 'subject', 'time', 'dataschema', 'datacontenttype', 'partitionkey', 'sequence'],
};
