// Serves functions as tasks of Millrace, in a Node.js process that stays for many tasks. The
// operator `call` starts it; docs/programs.md describes the protocol (version 1, JSON lines on
// descriptor 3).
//
//   import { serve, Permanent } from "./millrace_worker.mjs";
//   serve({ score: async ({ month }, attempt) => ({ rows: await score(month) }) });
//
// A function gets `inputs` with the paths of tables and files among them, and the attempt: run,
// task, attempt, idempotency_key, output_files, signal (aborted when the task is cancelled) and so
// on. It returns an object, the outputs, or nothing.
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { inspect } from "node:util";

const mostBytes = 4 << 20; // of the outputs

/** Fails the attempt. The next one begins after at least `after` seconds, if that is given. */
export class Retry extends Error {
  constructor(message, { after } = {}) {
    super(message);
    if (after !== undefined && !(typeof after === "number" && after >= 0 && after < 1e9)) {
      throw new TypeError(`Retry: after: ${inspect(after)} is not a number of seconds`);
    }
    this.after = after;
  }
}
/** Fails the task: no retry can help. */
export class Permanent extends Error {}
/** Skips the task. */
export class Skip extends Error {}

let output; // the descriptor to which the current task prints
let running; // its AbortController

// Node has no dup2: what the process itself prints is sent to the task's descriptor. A child must
// be given it: {stdio: ["ignore", attempt.output, attempt.output]}.
function printToTask(stream) {
  const write = stream.write.bind(stream);
  stream.write = (text, encoding, then) => {
    if (output === undefined) return write(text, encoding, then);
    const coding = typeof encoding === "string" ? encoding : "utf8";
    const bytes = typeof text === "string" ? Buffer.from(text, coding) : text;
    for (let at = 0; at < bytes.length; ) at += writeSync(output, bytes, at);
    const callback = typeof encoding === "function" ? encoding : then;
    if (callback) process.nextTick(callback);
    return true;
  };
}

function failure(error, retry, more = {}) {
  const message = String(error?.message ?? error).slice(0, 20000);
  const name = error?.constructor?.name ?? "Error";
  return { type: "failed", error: { class: name, message, retry, ...more } };
}

/** The first whole number of a line that JavaScript would round; undefined: there is none. */
function roundedNumber(line) {
  if (!/\d{16}/.test(line)) return undefined;
  const withoutTexts = line.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  const numbers = withoutTexts.match(/-?\d+(?![\d.eE])/g) ?? [];
  return numbers.find((text) => !Number.isSafeInteger(Number(text)));
}

/** JSON knows no NaN, and JavaScript would write null for it. */
function checked(key, value) {
  if (typeof value === "number" && !Number.isFinite(value)) {
    const cure = "which JSON does not have; return null or a text";
    throw new Permanent(`output ${key} is ${value}, ${cure}`);
  }
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 2 ** 63) {
    throw new Permanent(`output ${key} is ${value}, which JavaScript may have rounded; return a text`);
  }
  if (typeof value === "bigint") throw new Permanent(`output ${key} is a bigint; return a text`);
  return value;
}

async function answerOf(functions, task, line) {
  const { id, function: name, inputs, input_files: files, ...attempt } = task;
  running = new AbortController();
  try {
    const rounded = roundedNumber(line);
    if (rounded) {
      throw new Permanent(`an input holds ${rounded}, which JavaScript would round; pass a text`);
    }
    const values = { ...inputs };
    for (const [input, file] of Object.entries(files)) values[input] = file.path;
    const result = await functions[name](values, { ...attempt, signal: running.signal });
    const isObject = result !== null && typeof result === "object" && !Array.isArray(result);
    if (result !== undefined && !isObject) {
      const found = inspect(result).slice(0, 80);
      const wanted = "expected an object with the names of outputs";
      throw new Permanent(`'${name}' returned ${found}; ${wanted}`);
    }
    const text = JSON.stringify({ type: "done", id, outputs: result ?? {} }, checked);
    if (Buffer.byteLength(text) < mostBytes) return text;
    const cure = "write them to a file of output_files";
    throw new Permanent(`the outputs have more than 4 MiB as JSON; ${cure}`);
  } catch (error) {
    if (error instanceof Skip) {
      return JSON.stringify({ type: "skipped", id, reason: error.message });
    }
    console.error(error);
    const after = error instanceof Retry && error.after !== undefined;
    const retry = error instanceof Permanent ? "no" : after ? "after" : "yes";
    const more = after ? { after_ms: Math.round(error.after * 1000) } : {};
    return JSON.stringify({ id, ...failure(error, retry, more) });
  } finally {
    running = undefined;
  }
}

/** Serves `functions`, an object of names to functions, until Millrace ends the process. */
export function serve(functions) {
  const channel = new Socket({ fd: 3, readable: true, writable: true });
  const send = (text) => channel.write(`${text}\n`);
  printToTask(process.stdout);
  printToTask(process.stderr);
  process.on("SIGTERM", () => {
    running?.abort(new Error("the task was cancelled or is out of time"));
  });
  const about = { language: "node", sdk: 1, functions: Object.keys(functions) };
  send(JSON.stringify({ type: "hello", protocol: [1], ...about }));
  let parts = [];
  channel.on("data", async (bytes) => {
    parts.push(bytes);
    if (!bytes.includes(10)) return;
    const lines = Buffer.concat(parts).toString("utf8").split("\n");
    parts = [Buffer.from(lines.pop())];
    for (const line of lines) {
      const message = JSON.parse(line);
      if (message.type === "welcome") continue;
      if (message.type !== "task") {
        throw new Error(`the engine sent an unknown message: ${message.type}`);
      }
      output = message.output;
      send(await answerOf(functions, message, line));
    }
  });
  channel.on("end", () => process.exit(0));
  channel.on("error", () => process.exit(0));
}
