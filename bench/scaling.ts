/**
 * `node build/bench/scaling.js [--device NAME] [--threads N] [--json]`: how a step's time grows with its work. Each line has the time
 * beside its floor, operations over what this device reaches on a large product in the same run, and how long compiling took. Cost
 * grows with the work where the last column stays level.
 */
import { parseArgs } from "node:util";
import { deviceThreads, explain, setDevice, type Tensor } from "myelin";
import { measure } from "./measure.ts";
import { attention, gpt, lstm, matmul, type Workload } from "./workloads.ts";

const { values } = parseArgs({
  options: {
    device: { type: "string", default: "native" },
    threads: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
if (values.threads) process.env["MYELIN_THREADS"] = values.threads;
setDevice(values.device);

const product = matmul(1024);
/** Operations a millisecond. */
const rate = product.flops! / (await measure(product.step)).bestMs;

interface Size {
  readonly series: string;
  readonly size: string;
  readonly make: () => Workload;
}

const sizes: readonly Size[] = [
  ...[1, 2, 4, 8, 16, 32].map((n) => ({ series: "lstm", size: `${n} × 64 steps`, make: () => lstm(n, 64) })),
  ...[1, 2, 4, 8, 16, 32].map((n) => ({ series: "gpt", size: `${n} × 128 tokens`, make: () => gpt(n, 128) })),
  ...[128, 256, 512, 1024].map((n) => ({ series: "gpt, longer", size: `4 × ${n} tokens`, make: () => gpt(4, n) })),
  ...[128, 512, 1024, 2048, 4096].map((n) => ({ series: "attention", size: `${n} tokens`, make: () => attention(n) })),
];

console.log(`device=${values.device}  threads=${deviceThreads()}  product=${(rate / 1e6).toFixed(1)} GFLOP/s`);
for (const { series, size, make } of sizes) {
  const { step, run, inputs = [] } = make();
  const begin = performance.now();
  const { flops } = explain(run as (...args: Tensor[]) => unknown, ...inputs);
  const compileMs = performance.now() - begin;
  const { bestMs, firstMs } = await measure(step);
  const floorMs = flops / rate;
  const line = { series, size, gflop: flops / 1e9, ms: bestMs, floorMs, ratio: bestMs / floorMs, compileMs, firstMs };
  const words = Object.entries(line).map(
    ([name, value]) => `${name}=${typeof value === "number" ? value.toPrecision(3) : value}`,
  );
  console.log(values.json ? JSON.stringify(line) : words.join("  "));
}
