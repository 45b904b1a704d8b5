import * as restate from "@restatedev/restate-sdk";

// The SDK needs it, and Node.js before 22 does not have it.
Promise.withResolvers ??= () => {
  const out = {};
  out.promise = new Promise((resolve, reject) => Object.assign(out, { resolve, reject }));
  return out;
};

const steps = restate.service({
  name: "steps",
  handlers: {
    step: async () => ({}),
    begin: async () => ({ at: performance.timeOrigin + performance.now() }),
  },
});

const flow = restate.service({
  name: "flow",
  handlers: {
    chain: async (ctx, count) => {
      for (let i = 0; i < count; i++) await ctx.serviceClient(steps).step();
      return {};
    },
    fan: async (ctx, count) => {
      const calls = Array.from({ length: count }, () => ctx.serviceClient(steps).step());
      await restate.RestatePromise.all(calls);
      return {};
    },
  },
});

await restate.serve({ services: [steps, flow], port: Number(process.argv[2]) });
