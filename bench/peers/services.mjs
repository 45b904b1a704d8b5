// The services that the peers need, on free ports or sockets of a temporary folder.
import { spawn, execFileSync } from "node:child_process";
import { createServer, connect } from "node:net";
import { mkdirSync, writeFileSync, chmodSync } from "node:fs";
import { join } from "node:path";

const isRoot = process.getuid() === 0;
const postgres = "/usr/lib/postgresql/15/bin";

export const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

export async function waitForPort(port, program) {
  for (let i = 0; i < 600; i++) {
    if (program.exitCode !== null) throw new Error(`${program.spawnfile} ended with ${program.exitCode}`);
    const open = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => (socket.destroy(), resolve(true)));
      socket.on("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${program.spawnfile} does not listen on port ${port}`);
}

const started = new Set();
process.on("exit", () => started.forEach((child) => child.kill("SIGKILL"))); // after a failure

/// Ends with `stop()`, which waits for the process.
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"], ...options });
  started.add(child);
  child.once("exit", () => started.delete(child));
  child.stop = () =>
    new Promise((resolve) => {
      if (child.exitCode !== null) return resolve();
      child.once("exit", resolve);
      child.kill("SIGINT");
    });
  return child;
}

/// A PostgreSQL of its own with the default settings, so that each commit is on disk.
export function startPostgres(folder) {
  const data = join(folder, "pg");
  mkdirSync(data);
  chmodSync(folder, 0o755);
  const as = isRoot ? ["runuser", "-u", "postgres", "--"] : [];
  if (isRoot) execFileSync("chown", ["postgres", data]);
  const run = (...words) => {
    const [command, ...args] = [...as, ...words];
    execFileSync(command, args, { stdio: "ignore", cwd: "/" });
  };
  run(`${postgres}/initdb`, "-D", data, "-A", "trust", "-U", "postgres", "--no-instructions");
  run(`${postgres}/pg_ctl`, "-D", data, "-w", "-l", join(data, "log"),
    "-o", `-k ${data} -c listen_addresses=''`, "start");
  return {
    url: `postgres:///postgres?host=${encodeURIComponent(data)}&user=postgres`,
    stop: () => run(`${postgres}/pg_ctl`, "-D", data, "-m", "fast", "stop"),
  };
}

/// `fsync`: "always" keeps each write, "everysec" may lose a second.
export async function startRedis(folder, fsync) {
  const port = await freePort();
  const data = join(folder, `redis-${fsync}`);
  mkdirSync(data);
  const server = start("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--dir", data,
    "--appendonly", "yes", "--appendfsync", fsync, "--save", "", "--maxmemory-policy", "noeviction"]);
  await waitForPort(port, server);
  return { port, stop: server.stop };
}

export function writeFiles(folder, files) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}
