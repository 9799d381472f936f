import { FEED_TYPES } from './feed-types.js';
import { dataSchemaOf } from './json-schemas.js';

const jsonFile = (content: unknown): string => `${JSON.stringify(content, null, 2)}\n`;

/** The files of this lib that are made from its types: path below the lib, and text. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map(FEED_TYPES.map((type) => [`schemas/${type}.schema.json`, jsonFile(dataSchemaOf(type))]));
}
