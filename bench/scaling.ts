/**
 * `node build/bench/scaling.js [--device NAME] [--threads N] [--json]`: how a step's time grows with its work. Each line has the time
 * beside its floor, operations over what this device reaches on a large product in the same run, and how long compiling took. Cost
 * grows with the work where the ratio stays level. A recurrent network reads its weights again at every step, so for few sequences
 * its floor is what the caches give.
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

/** Bytes a millisecond that a core reads from its second cache: 32 a cycle, at 3.3 GHz. */
const CACHED = 105e6;

interface Size {
  readonly series: string;
  readonly size: string;
  readonly make: () => Workload;
  /** Products whose operands come from the cache again and again: their operations, and the bytes read for them. */
  readonly again?: { readonly flops: number; readonly bytes: number };
}

/** 64 steps forwards and back, each a product by 128 × 512 weights. */
function recurrent(sequences: number): Size {
  const weights = 2 * 64 * 128 * 512;
  return {
    series: "lstm",
    size: `${sequences} × 64 steps`,
    make: () => lstm(sequences, 64),
    again: { flops: 2 * sequences * weights, bytes: 4 * weights },
  };
}

/** Milliseconds that no program beats on this machine. */
function floorOf(flops: number, { again = { flops: 0, bytes: 0 } }: Size): number {
  const cached = again.bytes / (CACHED * deviceThreads());
  return (flops - again.flops) / rate + Math.max(again.flops / rate, cached);
}

const sizes: readonly Size[] = [
  ...[1, 2, 4, 8, 16, 32].map(recurrent),
  ...[1, 2, 4, 8, 16, 32].map((n) => ({ series: "gpt", size: `${n} × 128 tokens`, make: () => gpt(n, 128) })),
  ...[128, 256, 512, 1024].map((n) => ({ series: "gpt, longer", size: `4 × ${n} tokens`, make: () => gpt(4, n) })),
  ...[128, 512, 1024, 2048, 4096].map((n) => ({ series: "attention", size: `${n} tokens`, make: () => attention(n) })),
];

console.log(`device=${values.device}  threads=${deviceThreads()}  product=${(rate / 1e6).toFixed(1)} GFLOP/s`);
for (const which of sizes) {
  const { series, size, make } = which;
  const { step, run, inputs = [] } = make();
  const begin = performance.now();
  const { flops } = explain(run as (...args: Tensor[]) => unknown, ...inputs);
  const compileMs = performance.now() - begin;
  const { bestMs, firstMs } = await measure(step);
  const floorMs = floorOf(flops, which);
  const line = { series, size, gflop: flops / 1e9, ms: bestMs, floorMs, ratio: bestMs / floorMs, compileMs, firstMs };
  const words = Object.entries(line).map(
    ([name, value]) => `${name}=${typeof value === "number" ? value.toPrecision(3) : value}`,
  );
  console.log(values.json ? JSON.stringify(line) : words.join("  "));
}
