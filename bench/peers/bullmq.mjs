// BullMQ: one worker process with 16 jobs at a time; a chain is a flow of parents and children.
import { FlowProducer, Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { countdown, now } from "./measure.mjs";
import { startRedis } from "./services.mjs";

export async function bullmq(folder, { fsync }) {
  const redis = await startRedis(folder, fsync);
  const connection = new Redis({ host: "127.0.0.1", port: redis.port, maxRetriesPerRequest: null });
  const kept = { removeOnComplete: true, attempts: 3 };
  const queue = new Queue("steps", { connection });
  const flows = new FlowProducer({ connection });
  let ended = () => {};
  const worker = new Worker("steps", async (job) => (job.name === "begin" ? { at: now() } : {}),
    { connection, concurrency: 16 });
  worker.on("completed", (job, result) => ended(job, result));
  await worker.waitUntilReady();

  const flow = (steps) => {
    let node = { name: "step", queueName: "steps", data: {}, opts: kept };
    for (let i = 1; i < steps; i++)
      node = { name: i === steps - 1 ? "last" : "step", queueName: "steps", data: {}, opts: kept, children: [node] };
    return node;
  };
  const wait = (count, name) => {
    const left = countdown(count);
    ended = (job) => (name === undefined || job.name === name) && left.add();
    return left.done;
  };
  return {
    name: `BullMQ, Redis with appendfsync ${fsync}`,
    loose: async (n) => {
      const all = wait(n);
      await queue.addBulk(Array.from({ length: n }, () => ({ name: "step", data: {}, opts: kept })));
      await all;
    },
    chain: async (steps) => {
      const last = wait(1, "last");
      await flows.add(flow(steps));
      await last;
    },
    runs: async (n, steps) => {
      const last = wait(n, "last");
      await flows.addBulk(Array.from({ length: n }, () => flow(steps)));
      await last;
    },
    latency: async () => {
      const result = new Promise((resolve) => (ended = (_, value) => resolve(value)));
      const begin = now();
      await queue.add("begin", {}, kept);
      return (await result).at - begin;
    },
    stop: async () => {
      await worker.close();
      await flows.close();
      await queue.close();
      connection.disconnect();
      await redis.stop();
    },
  };
}
