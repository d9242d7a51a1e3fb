// Tasks a second through one bullmq queue: jobs without content, a window of them outstanding, a worker in a process of its own. For each line of its standard input it runs JOBS jobs and prints
// {"perSecond"}.
// REDIS_PORT, JOBS, OUTSTANDING, CONCURRENCY.
import { fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Queue, QueueEvents, Worker } from 'bullmq';

const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT), maxRetriesPerRequest: null };
/** Jobs are added in bulk, so many at once: a command for each would be slower. */
const BATCH = 100;

async function work() {
  const worker = new Worker('bench', async () => 0, { connection, concurrency: Number(process.env.CONCURRENCY) });
  await worker.waitUntilReady();
  process.send('ready');
}

function window(queue, events, jobs, outstanding) {
  return new Promise((resolve, reject) => {
    let added = 0;
    let completed = 0;
    let free = 0;
    const add = (count) => {
      const batch = Array.from({ length: Math.min(count, jobs - added) }, () => ({ name: 'task', data: 0, opts: { removeOnComplete: true, removeOnFail: true } }));
      added += batch.length;
      if (batch.length > 0) queue.addBulk(batch).catch(reject);
    };
    const done = () => {
      completed++;
      free++;
      if (completed === jobs) {
        events.off('completed', done);
        resolve();
      } else if (free >= BATCH || completed + outstanding >= jobs) {
        add(free);
        free = 0;
      }
    };
    events.on('completed', done);
    add(outstanding);
  });
}

async function produce() {
  const jobs = Number(process.env.JOBS);
  const outstanding = Number(process.env.OUTSTANDING);
  const child = fork(process.argv[1], ['worker']);
  await new Promise((resolve) => child.once('message', resolve));
  const queue = new Queue('bench', { connection });
  // From the beginning of the stream: what completes before the first read would be missed otherwise, and waited for without end.
  const events = new QueueEvents('bench', { connection, lastEventId: '0-0' });
  await events.waitUntilReady();
  for await (const _ of createInterface({ input: process.stdin })) {
    const started = process.hrtime.bigint();
    await window(queue, events, jobs, outstanding);
    console.log(JSON.stringify({ perSecond: jobs / (Number(process.hrtime.bigint() - started) / 1e9) }));
  }
  child.kill();
  process.exit(0);
}

await (process.argv[2] === 'worker' ? work() : produce());
