// `npm test`: installs, builds, checks and runs every test once. With names of Jest projects as arguments, only their tests.
import { PROJECTS } from '../../jest.config.mjs';
import { build } from './build.mjs';
import { runChecks } from './check.mjs';
import { finish, runTests } from './jest.mjs';
import { setup } from './setup.mjs';

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !PROJECTS.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`No tests are called ${unknown.join(', ')}; there are ${PROJECTS.join(', ')}.\n`);
  process.exit(2);
}
setup('test');
build();
if (wanted.length > 0) finish([], [await runTests(wanted.join(', '), wanted)]);
else {
  const failedChecks = await runChecks();
  const unit = await runTests('unit tests', ['unit']);
  finish(failedChecks, [
    unit,
    await runTests(
      'other tests',
      PROJECTS.filter((name) => name !== 'unit'),
    ),
  ]);
}
