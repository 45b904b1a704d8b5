// Writes fires.tsv: 500 cron expressions with the 20 fires that croner and cron-parser find for
// them. Run it after a change of the list, in a folder of its own:
//
//   npm install croner@11.0.1 cron-parser@5.10.6 && node generate.mjs > fires.tsv
//
// The same seed gives the same file. Where both libraries know an expression, they must agree.
// Where neither knows a form that Millrace has, or both follow another convention, they get an
// expression that means the same to them (column `given`); docs/schedules.md lists these.
import { Cron } from "croner";
import parser from "cron-parser";

const COUNT = 500;
const FIRES = 20;

let state = 20260101;
const random = () => {
  // mulberry32
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const below = (n) => Math.floor(random() * n);
const between = (low, high) => low + below(high - low + 1);
const pick = (list) => list[below(list.length)];

const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const DAYS = "sun mon tue wed thu fri sat".split(" ");
const FIELDS = {
  second: { low: 0, high: 59 },
  minute: { low: 0, high: 59 },
  hour: { low: 0, high: 23 },
  day: { low: 1, high: 31 },
  month: { low: 1, high: 12, names: MONTHS },
  weekday: { low: 0, high: 6, names: DAYS },
};

const name = ({ low, names }, value) =>
  names && random() < 0.5 ? (random() < 0.3 ? names[value - low].toUpperCase() : names[value - low]) : `${value}`;

/** An item of a list as Millrace reads it, and as the libraries do. */
function item(field) {
  const { low, high } = field;
  const kind = random();
  if (kind < 0.45) {
    const value = name(field, between(low, high));
    const text = random() < 0.1 ? `${value}/${between(2, 6)}` : value;
    return [text, text];
  }
  const from = between(low, high);
  const to = between(low, high);
  const step = random() < 0.3 ? `/${between(2, 5)}` : "";
  // croner reads `sun-sun` as a whole week; here and in cron-parser it is Sunday.
  if (from < to || (from === to && field !== FIELDS.weekday)) {
    const text = `${name(field, from)}-${name(field, to)}${step}`;
    return [text, text];
  }
  if (step || from === to) {
    const text = `*${step}`;
    return [text, text];
  }
  // A range that wraps; to the libraries, its two parts.
  return [`${name(field, from)}-${name(field, to)}`, `${from}-${high},${low}-${to}`];
}

function list(field, open) {
  if (random() < open) {
    const text = random() < 0.3 ? `*/${between(2, 20 > field.high ? 5 : 20)}` : "*";
    return [text, text];
  }
  const items = Array.from({ length: random() < 0.75 ? 1 : between(2, 3) }, () => item(field));
  return [items.map(([ours]) => ours).join(","), items.map(([, given]) => given).join(",")];
}

function day() {
  const kind = random();
  if (kind < 0.35) return ["*", "*"];
  if (kind < 0.42) return ["?", "?"];
  if (kind < 0.5) return ["L", "L"];
  if (kind < 0.56) return ["LW", "LW"];
  if (kind < 0.66) return Array(2).fill(`${between(1, 31)}W`);
  if (kind < 0.7) return Array(2).fill(`${between(1, 28)},L`);
  if (kind < 0.74) return Array(2).fill(`${between(1, 14)}W,${between(15, 31)}`);
  return list(FIELDS.day, 0.1);
}

function weekday() {
  const kind = random();
  if (kind < 0.45) return ["*", "*"];
  if (kind < 0.5) return ["?", "?"];
  const text = () => name(FIELDS.weekday, between(0, 6));
  if (kind < 0.6) return Array(2).fill(`${text()}#${between(1, 5)}`);
  if (kind < 0.68) {
    const which = between(0, 6);
    return [`${name(FIELDS.weekday, which)}L`, `${which}L`];
  }
  if (kind < 0.71) return Array(2).fill("7");
  return list(FIELDS.weekday, 0.05);
}

function expression() {
  const fields = [
    list(FIELDS.minute, 0.2),
    list(FIELDS.hour, 0.3),
    day(),
    list(FIELDS.month, 0.7),
    weekday(),
  ];
  if (random() < 0.3) fields.unshift(list(FIELDS.second, 0.2));
  // Both day fields, one of which begins with a star: both must match here, as in Vixie cron. To
  // the libraries only a star alone is open; croner's `+` says that both must match.
  const [dayOfMonth, , dayOfWeek] = fields.slice(-3);
  const open = (text) => text === "*" || text === "?";
  if (
    (dayOfMonth[0].startsWith("*") || dayOfWeek[0].startsWith("*")) &&
    !open(dayOfMonth[0]) && !open(dayOfWeek[0])
  )
    dayOfWeek[1] = `+${dayOfWeek[1]}`;
  return [fields.map(([ours]) => ours).join(" "), fields.map(([, given]) => given).join(" ")];
}

/** `L-3`: croner's last day, three days back. */
function beforeLast() {
  const back = between(1, 27);
  const clock = `${between(0, 59)} ${between(0, 23)}`;
  return [`${clock} L-${back} * *`, `${clock} L * *`, { dayOffset: -back }];
}

/** Times of day over a change of the clock. */
const CHANGES = [
  ["America/Chicago", "2024-03-05T12:00:00Z"], ["America/Chicago", "2024-10-29T12:00:00Z"],
  ["Europe/London", "2024-03-27T12:00:00Z"], ["Europe/Berlin", "2025-10-20T12:00:00Z"],
  ["Australia/Lord_Howe", "2024-04-01T12:00:00Z"], ["Australia/Lord_Howe", "2024-10-01T12:00:00Z"],
  ["Asia/Kolkata", "2024-02-20T00:00:00Z"], ["America/St_Johns", "2024-03-04T00:00:00Z"],
];
const zoned = () => `${between(0, 59)} ${pick(["0", "1", "2", "3", "1,2", "2,14", "0-4", "*", "*/2"])} * * *`;

function cronerFires(given, zone, start, options) {
  const cron = new Cron(given, { timezone: zone, paused: true, fixedTimeRule: "no-wildcard", ...options });
  const out = [];
  let at = new Date(start);
  while (out.length < FIRES && (at = cron.nextRun(at))) out.push(at.getTime() / 1000);
  return out;
}

function parserFires(given, zone, start) {
  const cron = parser.CronExpressionParser.parse(given, { tz: zone, currentDate: start });
  return Array.from({ length: FIRES }, () => cron.next().toDate().getTime() / 1000);
}

const attempt = (find) => {
  try {
    const fires = find();
    return fires.length === FIRES ? fires : null;
  } catch {
    return null;
  }
};

function row(ours, given, zone, start, options) {
  const first = attempt(() => cronerFires(given, zone, start, options));
  const plain = !options && !given.includes("+") && zone === "UTC";
  const second = plain ? attempt(() => parserFires(given, zone, start)) : null;
  const fires = first ?? second;
  if (!fires) return null;
  if (first && second && first.join() !== second.join())
    throw new Error(`croner and cron-parser differ on '${given}': ${first} and ${second}`);
  const source = first && second ? "both" : first ? "croner" : "cron-parser";
  const gaps = fires.map((time, i) => (i === 0 ? new Date(time * 1000).toISOString().replace(".000", "") : time - fires[i - 1]));
  return [ours, zone, start, source, given === ours && !options ? "-" : given, gaps.join(" ")].join("\t");
}

const rows = new Map();
while (rows.size < COUNT) {
  const kind = random();
  const start = new Date(Date.UTC(between(2020, 2030), below(12), between(1, 28), below(24), below(60), below(60)));
  const utc = start.toISOString().replace(".000", "");
  let made;
  if (kind < 0.12) {
    const ours = zoned();
    made = [ours, row(ours, ours, ...pick(CHANGES))];
  } else if (kind < 0.15) {
    const [ours, given, options] = beforeLast();
    made = [ours, row(ours, given, "UTC", utc, options)];
  } else {
    const [ours, given] = expression();
    made = [ours, row(ours, given, "UTC", utc)];
  }
  if (made[1]) rows.set(made[0], made[1]);
}
console.log("# Made by generate.mjs with croner 11.0.1 and cron-parser 5.10.6; do not edit.");
console.log("# expression, zone, after, who knows it, given to them as, first fire and the gaps to the next in seconds");
for (const text of rows.values()) console.log(text);
