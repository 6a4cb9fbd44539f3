/** `npm run bench -- [names …] [--device NAME] [--threads N] [--json] [--peers [--python PATH]]`: one line per workload. */
import { parseArgs } from "node:util";
import { deviceThreads, explain, profile, setDevice, type Tensor } from "myelin";
import { examples } from "./examples.ts";
import { measure } from "./measure.ts";
import { comparePeers } from "./peers/compare.ts";
import { large, workloads } from "./workloads.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: "string", default: "cpu" },
    threads: { type: "string" },
    json: { type: "boolean", default: false },
    peers: { type: "boolean", default: false },
    python: { type: "string" },
    explain: { type: "boolean", default: false },
    code: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
  },
});
if (values.threads) process.env["MYELIN_THREADS"] = values.threads;
const known = { ...workloads, ...examples, ...large };
const names = positionals.length ? positionals : Object.keys(workloads);
const unknown = names.find((name) => !known[name]);
if (unknown !== undefined) {
  console.error(`bench: no workload "${unknown}". There are: ${Object.keys(known).join(", ")}`);
  process.exitCode = 2;
} else if (values.peers) {
  const { device, json, python = process.env["MYELIN_PYTHON"] } = values;
  comparePeers(names, { device, json, python });
} else {
  setDevice(values.device);
  for (const name of names) await run(name);
}

async function run(name: string): Promise<void> {
  const { step, flops, bytes, run: traced, inputs = [] } = known[name]!();
  if (values.profile && traced) {
    console.log(`${await profile(traced as (...args: Tensor[]) => unknown, ...inputs)}`);
    return;
  }
  if (values.explain && traced) {
    console.log(explain(traced as (...args: Tensor[]) => unknown, ...inputs).toString({ code: values.code }));
    return;
  }
  const timing = await measure(step);
  const line = {
    workload: name,
    device: values.device,
    threads: deviceThreads(),
    medianMs: round(timing.medianMs),
    bestMs: round(timing.bestMs),
    firstMs: round(timing.firstMs),
    ...(flops ? { gflops: round(flops / timing.medianMs / 1e6) } : {}),
    ...(bytes ? { gbps: round(bytes / timing.medianMs / 1e6) } : {}),
  };
  const words = Object.entries(line).map(([key, value]) => `${key}=${value}`);
  console.log(values.json ? JSON.stringify(line) : words.join("  "));
}

function round(x: number): number {
  return Number(x.toPrecision(4));
}
