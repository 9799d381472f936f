// Writes the files that are made from the types, and the golden messages of types that have none yet (one that is there is
// never written again): `npm run build && node dist/libs/feed-schemas/src/generate.js && npx prettier --write libs/feed-schemas`.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FEED_TYPES } from './feed-types.js';
import { generatedFiles } from './generated-files.js';
import { goldenMessageOf } from './golden.js';
import { sampleOf } from './samples.js';

const LIB = join('libs', 'feed-schemas');

function write(path: string, content: unknown): void {
  mkdirSync(dirname(join(LIB, path)), { recursive: true });
  writeFileSync(join(LIB, path), `${JSON.stringify(content, null, 2)}\n`);
}

for (const [path, content] of generatedFiles()) write(path, content);
for (const type of FEED_TYPES) {
  const path = `golden/${type}.json`;
  if (!existsSync(join(LIB, path))) write(path, { messages: [goldenMessageOf(sampleOf(type, 'all')), goldenMessageOf(sampleOf(type, 'none'))] });
}
