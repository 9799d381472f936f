import { openReadModels, type OpenReadModelsOptions } from '../thread/threaded-read-models.js';

/** A process that folds until it is killed; says on standard output that it has begun, and its alarms. For the tests beside it. */
const options = JSON.parse(process.argv[2] ?? '{}') as Omit<OpenReadModelsOptions, 'onAlarm'>;
await openReadModels({ ...options, onAlarm: ({ code }) => process.stdout.write(`alarm ${code}\n`) });
process.stdout.write('begun\n');
setInterval(() => undefined, 60_000); // until it is killed
