// BullMQ on Redis, the way a Node team would run it: one process, one JSON line a workload.
//
//   node run.mjs --redis 127.0.0.1:6390 --workload enqueue [--sink http://127.0.0.1:4000] [--jobs N]
//
// {"name":"enqueue","jobs":200000,"seconds":9.1,"cpu_seconds":12.4,"memory_bytes":184549376}
// cpu_seconds: node and Redis together. memory_bytes: what Redis holds at the fullest moment.

import { parseArgs } from 'node:util';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Pool } from 'undici';

const { values: args } = parseArgs({
  options: {
    redis: { type: 'string', default: '127.0.0.1:6379' },
    workload: { type: 'string' },
    sink: { type: 'string' },
    jobs: { type: 'string' },
  },
});
const [host, port] = args.redis.split(':');
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
const redis = new Redis(connection);

const PAYLOAD = { text: 'x'.repeat(280) }; // 300 bytes as JSON
const BULK = 1000;
const FINISHED = { removeOnComplete: { count: 100 }, removeOnFail: { count: 50 } };

const redisInfo = async (section, field) => {
  const text = await redis.info(section);
  return Number(text.split('\r\n').find((line) => line.startsWith(`${field}:`)).split(':')[1]);
};
const redisCpu = async () =>
  (await redisInfo('cpu', 'used_cpu_user')) + (await redisInfo('cpu', 'used_cpu_sys'));

/** Runs `work` and prints what it took. */
async function measure(name, jobs, work) {
  const node = process.cpuUsage();
  const server = await redisCpu();
  const start = process.hrtime.bigint();
  const memory = await work();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const used = process.cpuUsage(node);
  const cpu = (used.user + used.system) / 1e6 + (await redisCpu()) - server;
  console.log(
    JSON.stringify({ name, jobs, seconds, cpu_seconds: cpu, memory_bytes: memory ?? null }),
  );
}

const bulk = (count) =>
  Array.from({ length: count }, () => ({ name: 'job', data: PAYLOAD, opts: FINISHED }));

async function fill(queue, jobs) {
  let left = jobs;
  const caller = async () => {
    while (left > 0) {
      const count = Math.min(BULK, left);
      left -= count;
      await queue.addBulk(bulk(count));
    }
  };
  await Promise.all(Array.from({ length: 8 }, caller));
}

/** A worker until `jobs` are done. */
function drained(jobs, concurrency, handle) {
  return new Promise((resolve, reject) => {
    let done = 0;
    const worker = new Worker(
      'bench',
      async (job) => {
        const result = await handle(job);
        done += 1;
        if (done === jobs) setImmediate(() => worker.close().then(resolve, reject));
        return result;
      },
      { connection, concurrency },
    );
    worker.on('error', reject);
  });
}

async function fresh() {
  await redis.flushall();
  const queue = new Queue('bench', { connection });
  await queue.waitUntilReady();
  return queue;
}

const workloads = {
  // 64 callers, each adding 16 jobs a call until all are in.
  async enqueue(jobs) {
    const queue = await fresh();
    await measure('enqueue', jobs, async () => {
      let left = jobs;
      const caller = async () => {
        while (left > 0) {
          const count = Math.min(16, left);
          left -= count;
          await queue.addBulk(bulk(count));
        }
      };
      await Promise.all(Array.from({ length: 64 }, caller));
      return redisInfo('memory', 'used_memory');
    });
    await queue.close();
  },

  // A worker that does nothing, from a backlog: `jobs` of it are measured.
  async cycle(name, backlog, jobs) {
    const queue = await fresh();
    await fill(queue, backlog);
    const memory = await redisInfo('memory', 'used_memory');
    await measure(name, jobs, async () => {
      await drained(jobs, 100, async () => {});
      return memory;
    });
    await queue.close();
  },

  // Each job is posted to the sink by itself, 50 in flight.
  async deliver(jobs) {
    if (!args.sink) throw new Error('deliver needs --sink');
    const queue = await fresh();
    await fill(queue, jobs);
    const pool = new Pool(args.sink, { connections: 50 });
    const headers = { 'content-type': 'application/json' };
    await measure('deliver', jobs, async () => {
      await drained(jobs, 50, async (job) => {
        const body = JSON.stringify(job.data);
        const answer = await pool.request({ path: '/', method: 'POST', headers, body });
        await answer.body.dump();
        if (answer.statusCode !== 200) throw new Error(`the sink answered ${answer.statusCode}`);
      });
    });
    await pool.close();
    await queue.close();
  },
};

const jobs = (usual) => (args.jobs ? Number(args.jobs) : usual);
const runs = {
  enqueue: () => workloads.enqueue(jobs(200_000)),
  cycle_10k: () => workloads.cycle('cycle_10k', 10_000, jobs(10_000)),
  cycle_1m: () => workloads.cycle('cycle_1m', 1_000_000, jobs(100_000)),
  deliver: () => workloads.deliver(jobs(50_000)),
};
const chosen = runs[args.workload];
if (!chosen) {
  console.error(`--workload is one of ${Object.keys(runs).join(', ')}`);
  process.exit(2);
}
await chosen();
await redis.quit();
process.exit(0);
