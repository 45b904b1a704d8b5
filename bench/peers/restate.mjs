// Restate: a step is a durable call of a handler of the SDK for Node.js.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { now } from "./measure.mjs";
import { freePort, start, waitForPort } from "./services.mjs";

export async function restate(folder) {
  const binary = join(dirname(createRequire(import.meta.url).resolve("@restatedev/restate-server-linux-x64/package.json")),
    "bin/restate-server");
  const [ingress, admin, node, service] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const server = start(binary, ["--base-dir", join(folder, "restate")], {
    stdio: "ignore",
    env: { ...process.env, RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`, RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`, RESTATE_BIND_IP: "127.0.0.1",
      RESTATE_LOG_FILTER: "error", RESTATE_DISABLE_TELEMETRY: "1", DO_NOT_TRACK: "1" },
  });
  await waitForPort(admin, server);
  const handlers = start(process.execPath, [new URL("restate_handlers.mjs", import.meta.url).pathname, String(service)],
    { stdio: "ignore" });
  await waitForPort(service, handlers);
  const post = async (port, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`,
      { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  await post(admin, "/deployments", { uri: `http://127.0.0.1:${service}` });
  await waitForPort(ingress, server);
  return {
    name: "Restate",
    loose: (n) => post(ingress, "/flow/fan", n),
    chain: (steps) => post(ingress, "/flow/chain", steps),
    runs: (n, steps) => Promise.all(Array.from({ length: n }, () => post(ingress, "/flow/chain", steps))),
    latency: async () => {
      const begin = now();
      return (await post(ingress, "/steps/begin", {})).at - begin;
    },
    stop: async () => {
      await handlers.stop();
      await server.stop();
    },
  };
}
