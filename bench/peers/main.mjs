// Millrace and its peers with the same function of the user in a warm worker: './run bench peers'.
// Usage: node main.mjs MILLRACE [name …]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bullmq } from "./bullmq.mjs";
import { graphile } from "./graphile.mjs";
import { measure, shapes } from "./measure.mjs";
import { millrace } from "./millrace.mjs";
import { restate } from "./restate.mjs";

const [program, ...names] = process.argv.slice(2);
const systems = {
  millrace: (folder) =>
    millrace(folder, { program, steps: shapes.chain.steps, runSteps: shapes.runs.steps }),
  bullmq: (folder) => bullmq(folder, { fsync: "always" }),
  "bullmq-everysec": (folder) => bullmq(folder, { fsync: "everysec" }),
  graphile,
  restate,
};

const shown = (value, digits) => value.toLocaleString("en", { maximumFractionDigits: digits });
console.log(`${shapes.loose.tasks} loose tasks; a chain of ${shapes.chain.steps}; ` +
  `${shapes.runs.runs} runs of ${shapes.runs.steps} steps; ${shapes.latency.samples} starts. Medians.\n`);
console.log("| System | loose tasks/s | ms a hop | steps/s of many runs | ms to the start |\n|---|---|---|---|---|");
for (const name of names.length > 0 ? names : Object.keys(systems)) {
  const folder = mkdtempSync(join(tmpdir(), "millrace-peers-"));
  let system;
  try {
    system = await systems[name](folder);
    const row = await measure(system);
    console.log(`| ${row.system} | ${shown(row.loose, 0)} | ${shown(row.hop, 2)} | ${shown(row.runs, 0)} | ${shown(row.latency, 2)} |`);
  } finally {
    await system?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
process.exit(0);
