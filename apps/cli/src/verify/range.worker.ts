import { parentPort, workerData } from 'node:worker_threads';
import { RangeJob, type RangeOrder, type RangePlaces } from './range-job.js';

const port = parentPort;
if (!port) throw new Error('this module is the body of a worker thread');

const job = new RangeJob(workerData as RangePlaces);
port.on('message', (order: RangeOrder | 'end') => {
  if (order !== 'end') {
    void job.run(order).then((result) => port.postMessage(result));
    return;
  }
  port.postMessage(job.sums);
  void job.close().then(() => port.close());
});
