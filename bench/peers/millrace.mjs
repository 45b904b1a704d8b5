// Millrace: the function runs in warm workers of Node.js (operator `call`).
import { execFileSync } from "node:child_process";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { now } from "./measure.mjs";
import { freePort, start, waitForPort, writeFiles } from "./services.mjs";

const worker = `import { serve } from "./millrace_worker.mjs";
serve({ step: async () => ({}), begin: async () => ({ at: performance.timeOrigin + performance.now() }) });
`;
const call = (name) => `operator: call, with: {argv: [node, worker.mjs], function: ${name}}`;
const chain = (id, steps) =>
  `dag: ${id}\nmax_active_runs: 1000\ntasks:\n` +
  Array.from({ length: steps }, (_, i) => `  t${i}: {${i ? `needs: t${i - 1}, ` : ""}${call("step")}}\n`).join("");

export async function millrace(folder, { program, steps, runSteps }) {
  const dags = join(folder, "dags");
  writeFiles(dags, {
    "worker.mjs": worker,
    "millrace_worker.mjs": execFileSync(program, ["sdk", "node"]),
    "loose.yaml": `dag: loose\nparams: {n: 1}\ntasks:\n  each: {foreach: "\${{ range(params.n) }}", ${call("step")}}\n`,
    "chain.yaml": chain("chain", steps),
    "run.yaml": chain("run", runSteps),
    "one.yaml": `dag: one\ntasks:\n  t: {${call("begin")}}\n`,
  });
  const port = await freePort();
  const server = start(program, ["--state", join(folder, "state"), "up", "--dags", dags,
    "--port", String(port), "--serve-port", "0"], { stdio: "ignore" });
  await waitForPort(port, server);

  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const ask = (method, path, body) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? "" : JSON.stringify(body);
      const sent = request({ agent, port, host: "127.0.0.1", method, path: `/api/v1${path}`,
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(text) } },
        (answer) => {
          let got = "";
          answer.on("data", (part) => (got += part));
          answer.on("end", () => (answer.statusCode < 300 ? resolve(JSON.parse(got))
            : reject(new Error(`${method} ${path}: ${answer.statusCode} ${got}`))));
        });
      sent.on("error", reject);
      sent.end(text);
    });
  const run = async (dag, params = {}) => {
    const row = await ask("POST", `/dags/${dag}/runs?wait=60s`, { params });
    if (row.status !== "success") throw new Error(`run ${row.run} of ${dag} is ${row.status}`);
    return row;
  };
  for (let i = 0; ; i++) {
    const known = (await ask("GET", "/dags")).length ?? 0;
    if (known >= 4) break;
    if (i > 300) throw new Error("the engine does not know its DAGs");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    name: "Millrace",
    loose: (n) => run("loose", { n }),
    chain: () => run("chain"),
    runs: (n) => Promise.all(Array.from({ length: n }, () => run("run"))),
    latency: async () => {
      const begin = now();
      const row = await run("one");
      const task = await ask("GET", `/runs/${row.run}/tasks/t`);
      return task.outputs.at - begin;
    },
    stop: async () => {
      agent.destroy();
      await server.stop();
    },
  };
}
