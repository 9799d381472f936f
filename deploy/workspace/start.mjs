// `npm start`: installs, builds and becomes the sandbox. It runs in this very process, so that signals, standard input
// and the exit status are its own. All arguments are passed on.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { ROOT } from './report.mjs';
import { setup } from './setup.mjs';

// each of the sandbox's parties waits for its own commits on a thread of the pool, which is made at first use
process.env.UV_THREADPOOL_SIZE ??= '16';
setup('start');
build();
const main = join(ROOT, 'dist', 'apps', 'sandbox', 'src', 'main.js');
if (!existsSync(main)) {
  process.stderr.write('There is no sandbox in this build (apps/sandbox/src/main.ts).\n');
  process.exit(1);
}
process.setSourceMapsEnabled(true);
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --enable-source-maps`.trim(); // for its child processes
process.argv[1] = main;
await import(pathToFileURL(main).href);
