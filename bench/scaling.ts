/**
 * `node build/bench/scaling.js [series …] [numbers …] [--device NAME] [--threads N] [--json]`: how a step's time grows with its work.
 * Each line has the time beside its floor, which is operations over what this device reaches on a large product and Adam's bytes over
 * what it moves, and how long compiling took. Cost grows with the work where the ratio stays level. Sizes of a series and the large
 * product are timed in turn, so that a machine whose speed changes bends no curve. A recurrent network reads its weights again at every
 * step, so for few sequences its floor is what the caches give. Numbers are of sequences or tokens: those sizes alone.
 */
import { parseArgs } from "node:util";
import { deviceThreads, explain, setDevice, synchronize, type Tensor } from "myelin";
import { inTurn } from "./measure.ts";
import { attention, elementwise, gpt, lstm, matmul, type Workload } from "./workloads.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    device: { type: "string", default: "native" },
    threads: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
if (values.threads) process.env["MYELIN_THREADS"] = values.threads;
setDevice(values.device);

/** Bytes a millisecond that a core reads from its second cache: 32 a cycle, at 3.3 GHz. */
const CACHED = 105e6;

/** Bytes that Adam reads and writes for a parameter: itself, two moments and the gradient. */
const UPDATE = 28;
/** What fits into the second caches is updated there. */
const NEAR_PARAMETERS = 128 * 1024;

/** How long the sizes of a series are timed, and how often each is compiled. */
const TIMED_MS = 4000;
const COMPILATIONS = 3;

interface Size {
  /** Of sequences, or of tokens where those grow. */
  readonly number: number;
  readonly size: string;
  readonly make: () => Workload;
  readonly parameters?: number;
  /** Products whose operands come from the cache again and again: their operations, and the bytes read for them. */
  readonly again?: { readonly flops: number; readonly bytes: number };
}

/** 64 steps forwards and back, each a product by 128 × 512 weights. */
function recurrent(sequences: number): Size {
  const weights = 2 * 64 * 128 * 512;
  return {
    number: sequences,
    size: `${sequences} × 64 steps`,
    make: () => lstm(sequences, 64),
    parameters: (32 + 128 + 2) * 512 + 129 * 10,
    again: { flops: 2 * sequences * weights, bytes: 4 * weights },
  };
}

/** Milliseconds that no program beats on this machine. */
function floorOf(flops: number, rate: number, bandwidth: number, size: Size): number {
  const { again = { flops: 0, bytes: 0 }, parameters = 0 } = size;
  const caches = CACHED * deviceThreads();
  const update = (UPDATE * parameters) / (parameters > NEAR_PARAMETERS ? bandwidth : caches);
  return (flops - again.flops) / rate + Math.max(again.flops / rate, again.bytes / caches) + update;
}

/** A workload that leaves its result on the device, each step waited for. */
function finishing(work: Workload): Workload {
  const step = async (): Promise<void> => {
    await work.step();
    await synchronize();
  };
  return { ...work, step };
}

const gptParameters = (tokens: number): number => 3_454_464 + (tokens - 128) * 256;
const counts = [1, 2, 4, 8, 16, 32];
const all: Readonly<Record<string, readonly Size[]>> = {
  lstm: counts.map(recurrent),
  gpt: counts.map((n) => ({
    number: n,
    size: `${n} × 128 tokens`,
    make: () => gpt(n, 128),
    parameters: gptParameters(128),
  })),
  longer: [128, 256, 512, 1024].map((n) => ({
    number: n,
    size: `4 × ${n} tokens`,
    make: () => gpt(4, n),
    parameters: gptParameters(n),
  })),
  attention: [128, 256, 512, 1024, 2048, 4096].map((n) => ({
    number: n,
    size: `${n} tokens`,
    make: () => finishing(attention(n)),
  })),
};
const numbers = positionals.filter((word) => Number(word)).map(Number);
const names = positionals.filter((word) => !Number(word));
const wanted = names.length ? names : Object.keys(all);
const unknown = wanted.find((series) => !all[series]);
if (unknown !== undefined) {
  console.error(`scaling: no series "${unknown}". There are: ${Object.keys(all).join(", ")}`);
  process.exitCode = 2;
} else
  for (const series of wanted)
    await print(
      series,
      all[series]!.filter(({ number }) => !numbers.length || numbers.includes(number)),
    );

/** Times the sizes of a series and prints a line for each. */
async function print(series: string, sizes: readonly Size[]): Promise<void> {
  const product = finishing(matmul(1024)),
    passed = finishing(elementwise(10_000_000));
  const works = sizes.map(({ make }) => make());
  const compiled = works.map(({ run, inputs = [] }) => compile(run as (...args: Tensor[]) => unknown, inputs));
  const [productMs, passedMs, ...times] = await inTurn(
    [product, passed, ...works].map(({ step }) => step),
    TIMED_MS,
  );
  /** Operations and bytes a millisecond. */
  const rate = product.flops! / productMs!,
    bandwidth = passed.bytes! / passedMs!;
  if (!values.json)
    console.log(
      `device=${values.device}  threads=${deviceThreads()}  product=${(rate / 1e6).toFixed(1)} GFLOP/s  memory=${(bandwidth / 1e6).toFixed(1)} GB/s`,
    );
  for (const [i, size] of sizes.entries()) {
    const { flops, ms: compileMs } = compiled[i]!;
    const ms = times[i]!,
      floorMs = floorOf(flops, rate, bandwidth, size);
    const line = { series, size: size.size, gflop: flops / 1e9, ms, floorMs, ratio: ms / floorMs, compileMs };
    const words = Object.entries(line).map(
      ([name, value]) => `${name}=${typeof value === "number" ? value.toPrecision(3) : value}`,
    );
    console.log(values.json ? JSON.stringify(line) : words.join("  "));
  }
}

/** A program's operations, and the least milliseconds of compiling it. */
function compile(
  run: (...args: Tensor[]) => unknown,
  inputs: readonly Tensor[],
): { readonly flops: number; readonly ms: number } {
  let [flops, ms] = [0, Infinity];
  for (let i = 0; i < COMPILATIONS; i++) {
    const begin = performance.now();
    ({ flops } = explain(run, ...inputs));
    ms = Math.min(ms, performance.now() - begin);
  }
  return { flops, ms };
}
