import { openStore } from '#libs/event-store';
import { projectionsOf } from '../models-of-party.js';
import type { Projection } from '../projection.js';
import { openViews } from '../thread/open-models.js';
import type { WorkerPlaces } from '../thread/worker-messages.js';
import { openSecrets } from '../verification/open-secrets.js';
import { rebuild } from './rebuild.js';
import type { Views } from './views.js';

/** Rebuilds a projection, and kills itself when it has come to a step so many times; tells the outcome on standard output. For the tests beside it. */
const [, , told = '{}', killedAt = '', times = '1'] = process.argv;
const { kind, store: location, keyDirectory, models } = JSON.parse(told) as WorkerPlaces;

const projection = projectionsOf[kind][0] as Projection;
const { secrets } = await openSecrets(kind, keyDirectory);
const store = await openStore(location, { readOnly: true });
const views = await openViews(models);
let left = Number(times);
const come = (step: string): void => {
  if (killedAt !== '' && step.startsWith(killedAt) && (left -= 1) === 0) process.kill(process.pid, 'SIGKILL');
};
/** The switch itself, before and after. */
const watched: Views = new Proxy(views, {
  get: (target, name) => {
    const value = Reflect.get(target, name, target) as unknown;
    if (typeof value !== 'function') return value;
    if (name !== 'point') return value.bind(target) as unknown;
    return async (...given: Parameters<Views['point']>) => {
      come(`pointing ${JSON.stringify(given[1])}`);
      await target.point(...given);
      come(`pointed ${JSON.stringify(given[1])}`);
    };
  },
});
const outcome = await rebuild({ projection, views: watched, store, secrets, to: 'rebuild', onProgress: ({ stage }) => come(stage) });
process.stdout.write(JSON.stringify({ ...outcome, position: String(outcome.position) }), () => process.exit(0));
