// A process that serves the demo app until it is told to stop; run by stop-on-signals.int.spec.
import { Log } from '../logging/log.js';
import { startDemo, waiting } from './demo.fixture.js';
import { runMain, stopOnSignals } from './stop-on-signals.js';

await runMain(async () => {
  const log = Log.create({ app: 'demo', level: 'info' });
  const app = await startDemo({
    log,
    port: Number(process.argv[2] ?? 0),
    limits: { drainTimeoutMs: Number(process.argv[3] ?? 5_000) },
    drain: [
      () => {
        process.stdout.write('drained\n');
        return process.argv[4] === 'fails' ? Promise.reject(new Error('no')) : Promise.resolve();
      },
    ],
  });
  stopOnSignals(() => app.close(), { log, timeoutMs: 8_000 });
  process.on('SIGUSR2', () => waiting.splice(0).forEach((end) => end()));
  process.stdout.write(`${app.address}\n`);
});
