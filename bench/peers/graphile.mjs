// graphile-worker: 16 jobs at a time; a step adds the next one.
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";
import { countdown, now } from "./measure.mjs";
import { startPostgres } from "./services.mjs";

export async function graphile(folder) {
  const server = startPostgres(folder);
  const pgPool = new pg.Pool({ connectionString: server.url, max: 20 });
  const logger = new Logger(() => () => {});
  let ended = () => {};
  const utils = await makeWorkerUtils({ pgPool, logger });
  await utils.migrate();
  const runner = await run({
    pgPool, logger, concurrency: 16, noHandleSignals: true, pollInterval: 2000,
    taskList: {
      step: async ({ left }, { addJob }) => {
        if (left > 1) await addJob("step", { left: left - 1 });
        else ended();
      },
      begin: async () => ended(now()),
    },
  });
  const wait = (count) => {
    const all = countdown(count);
    ended = all.add;
    return all.done;
  };
  const add = (count, left) =>
    utils.addJobs(Array.from({ length: count }, () => ({ identifier: "step", payload: { left } })));
  return {
    name: "graphile-worker",
    loose: async (n) => {
      const all = wait(n);
      await add(n, 1);
      await all;
    },
    chain: async (steps) => {
      const last = wait(1);
      await add(1, steps);
      await last;
    },
    runs: async (n, steps) => {
      const last = wait(n);
      await add(n, steps);
      await last;
    },
    latency: async () => {
      const at = new Promise((resolve) => (ended = resolve));
      const begin = now();
      await utils.addJob("begin", {});
      return (await at) - begin;
    },
    stop: async () => {
      await runner.stop();
      await utils.release();
      await pgPool.end();
      server.stop();
    },
  };
}
