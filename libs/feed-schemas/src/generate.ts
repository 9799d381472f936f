// Writes the files that are made from the types: `node dist/libs/feed-schemas/src/generate.js`, in the root of the repository.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedFiles } from './generated-files.js';

const LIB = join('libs', 'feed-schemas');
for (const [path, text] of generatedFiles()) {
  mkdirSync(dirname(join(LIB, path)), { recursive: true });
  writeFileSync(join(LIB, path), text);
}
