// Tasks a second through one bullmq queue: jobs without content, a window of them outstanding, a worker in a process of its own. Prints one JSON line for each window.
// REDIS_PORT, JOBS (each window), OUTSTANDING, WINDOWS, CONCURRENCY.
import { fork } from 'node:child_process';
import { Queue, QueueEvents, Worker } from 'bullmq';

const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT), maxRetriesPerRequest: null };
if (process.argv[2] === 'worker') {
  const worker = new Worker('bench', async () => 0, { connection, concurrency: Number(process.env.CONCURRENCY) });
  await worker.waitUntilReady();
  process.send('ready');
} else {
  const jobs = Number(process.env.JOBS);
  const outstanding = Number(process.env.OUTSTANDING);
  const child = fork(process.argv[1], ['worker']);
  await new Promise((resolve) => child.once('message', resolve));
  const queue = new Queue('bench', { connection });
  const events = new QueueEvents('bench', { connection });
  await events.waitUntilReady();
  for (let window = -1; window < Number(process.env.WINDOWS); window++) {
    let added = 0;
    let completed = 0;
    const started = process.hrtime.bigint();
    await new Promise((resolve, reject) => {
      const add = (count) => {
        const batch = Array.from({ length: Math.min(count, jobs - added) }, () => ({ name: 'task', data: 0, opts: { removeOnComplete: true, removeOnFail: true } }));
        added += batch.length;
        if (batch.length > 0) queue.addBulk(batch).catch(reject);
      };
      let free = 0;
      const done = () => {
        completed++;
        free++;
        if (completed === jobs) {
          events.off('completed', done);
          resolve();
        } else if (free >= 100 || completed + outstanding >= jobs) {
          add(free);
          free = 0;
        }
      };
      events.on('completed', done);
      add(outstanding);
    });
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    // The first window warms up.
    if (window >= 0) console.log(JSON.stringify({ perSecond: jobs / seconds }));
  }
  child.kill();
  await events.close();
  await queue.close();
  process.exit(0);
}
