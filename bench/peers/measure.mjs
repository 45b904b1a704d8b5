// What is measured of each system. All times are of one clock of this machine.

export const now = () => performance.timeOrigin + performance.now();

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
};

/// A promise that `count` calls of `add` fulfil.
export function countdown(count) {
  let fulfil;
  const done = new Promise((resolve) => (fulfil = resolve));
  return { add: () => --count === 0 && fulfil(), done };
}

export const shapes = {
  loose: { tasks: 5000, repeats: 5 },
  chain: { steps: 100, repeats: 5 },
  runs: { runs: 200, steps: 10, repeats: 5 },
  latency: { samples: 100 },
};

async function seconds(work) {
  const begin = now();
  await work();
  return (now() - begin) / 1000;
}

async function repeated(count, work) {
  await work(); // the first one warms the processes up
  const out = [];
  for (let i = 0; i < count; i++) out.push(await seconds(work));
  return median(out);
}

export async function measure(system) {
  const { loose, chain, runs, latency } = shapes;
  const out = { system: system.name };
  out.loose = loose.tasks / (await repeated(loose.repeats, () => system.loose(loose.tasks)));
  out.hop = (1000 * (await repeated(chain.repeats, () => system.chain(chain.steps)))) / chain.steps;
  out.runs =
    (runs.runs * runs.steps) / (await repeated(runs.repeats, () => system.runs(runs.runs, runs.steps)));
  const samples = [];
  for (let i = 0; i < latency.samples; i++) samples.push(await system.latency());
  out.latency = median(samples);
  return out;
}
