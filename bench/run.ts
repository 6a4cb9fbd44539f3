/** `npm run bench -- [names …] [--device NAME] [--threads N] [--json]`: one line per workload. */
import { parseArgs } from "node:util";
import { explain, profile, setDevice, type Tensor } from "myelin";
import { measure } from "./measure.ts";
import { workloads } from "./workloads.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: "string", default: "wasm" },
    threads: { type: "string" },
    json: { type: "boolean", default: false },
    explain: { type: "boolean", default: false },
    code: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
  },
});
if (values.threads) process.env["MYELIN_THREADS"] = values.threads;
setDevice(values.device);
for (const name of positionals.length ? positionals : Object.keys(workloads)) {
  const make = workloads[name];
  if (!make) {
    console.error(`bench: no workload "${name}". There are: ${Object.keys(workloads).join(", ")}`);
    process.exitCode = 2;
    break;
  }
  const { step, flops, bytes, run, inputs = [] } = make();
  if (values.profile && run) {
    console.log(profile(run as (...args: Tensor[]) => unknown, ...inputs).toString());
    continue;
  }
  if (values.explain && run) {
    console.log(explain(run as (...args: Tensor[]) => unknown, ...inputs).toString({ code: values.code }));
    continue;
  }
  const timing = measure(step);
  const line = {
    workload: name,
    device: values.device,
    threads: Number(values.threads ?? 0) || undefined,
    medianMs: round(timing.medianMs),
    bestMs: round(timing.bestMs),
    firstMs: round(timing.firstMs),
    ...(flops ? { gflops: round(flops / timing.medianMs / 1e6) } : {}),
    ...(bytes ? { gbps: round(bytes / timing.medianMs / 1e6) } : {}),
  };
  console.log(
    values.json
      ? JSON.stringify(line)
      : Object.entries(line)
          .map(([k, v]) => `${k}=${v}`)
          .join("  "),
  );
}

function round(x: number): number {
  return Number(x.toPrecision(4));
}
