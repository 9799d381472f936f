import { asyncApiDocument } from './asyncapi.js';
import { FEED_TYPES } from './feed-types.js';
import { dataSchemaOf } from './json-schemas.js';
import { sampleOf } from './samples.js';

/** The files of this lib that are made from its types: path below the lib, and content. */
export const generatedFiles = (): ReadonlyMap<string, unknown> =>
  new Map<string, unknown>([
    ...FEED_TYPES.map((type) => [`schemas/${type}.schema.json`, dataSchemaOf(type)] as const),
    ['asyncapi.json', asyncApiDocument(sampleOf)],
  ]);
