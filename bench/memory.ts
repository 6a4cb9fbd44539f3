/**
 * `node build/bench/memory.js [ways …]`: 10,000 training steps of mlp32 four ways, nobody disposing anything. Prints
 * the process's memory every 1,000 steps and whether it stays flat. Each way runs in a process of its own.
 */
import { execFileSync } from "node:child_process";
import { setImmediate as macrotask } from "node:timers/promises";
import { jit, losses, optim, randint, randn, type Tensor } from "myelin";
import { Perceptron } from "./models.ts";

const STEPS = 10_000;
const REPORT = 1000;
/** Engines compile, caches fill, the heap finds its size: what follows must stay level. */
const SETTLED = 2000;
/** Of resident memory, which also moves with the collector's habits. */
const FLAT_MB = 8;
/** Of live objects and the device's memory, which do not. */
const FLAT_LIVE_MB = 1;

const ways: Readonly<Record<string, { readonly jitted: boolean; readonly awaited: boolean }>> = {
  "jit await": { jitted: true, awaited: true },
  jit: { jitted: true, awaited: false },
  "plain await": { jitted: false, awaited: true },
  plain: { jitted: false, awaited: false },
};

interface Usage {
  readonly step: number;
  readonly resident: number;
  /** JavaScript's heap. */
  readonly heap: number;
  /** Memory outside of it: typed arrays, WebAssembly's memory. */
  readonly outside: number;
}

const megabytes = (bytes: number): number => Number((bytes / 2 ** 20).toFixed(1));

function usage(step: number): Usage {
  // What is left is alive; only finalizers, which run between macrotasks, are still to come.
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { step, resident: megabytes(rss), heap: megabytes(heapUsed), outside: megabytes(external) };
}

async function train(name: string): Promise<void> {
  const { jitted, awaited } = ways[name]!;
  const model = new Perceptron(784, 128, 10);
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const plain = (x: Tensor, labels: Tensor): Tensor => {
    optimizer.zeroGrad();
    const loss = losses.crossEntropy(model.forward(x), labels);
    loss.backward();
    optimizer.step();
    return loss;
  };
  const step = jitted ? jit(plain) : plain;
  const x = randn([32, 784]),
    labels = randint(0, 10, [32]);
  const seen: Usage[] = [];
  for (let i = 1; i <= STEPS; i++) {
    const loss = step(x, labels);
    if (awaited) await loss.item();
    else loss.itemSync();
    if (i % REPORT) continue;
    const now = usage(i);
    seen.push(now);
    console.log(
      `${name.padEnd(12)} ${Object.entries(now)
        .map(([key, value]) => `${key}=${value}`)
        .join("  ")}`,
    );
  }
  const settled = seen.filter((u) => u.step >= SETTLED);
  const growth = (of: (u: Usage) => number): number => of(settled.at(-1)!) - of(settled[0]!);
  const resident = growth((u) => u.resident),
    heap = growth((u) => u.heap),
    outside = growth((u) => u.outside);
  const flat = resident < FLAT_MB && heap < FLAT_LIVE_MB && outside < FLAT_LIVE_MB;
  console.log(
    `${name.padEnd(12)} ${flat ? "flat" : "GROWS"} since step ${SETTLED}: resident ${resident.toFixed(1)} MB, heap ${heap.toFixed(1)} MB, outside ${outside.toFixed(1)} MB`,
  );
  // Whatever waited for a macrotask can be freed now; a difference here is memory that only a pause gives back.
  for (let i = 0; i < 5; i++) await macrotask();
  const rested = usage(STEPS);
  console.log(`${name.padEnd(12)} after a pause: heap=${rested.heap}  outside=${rested.outside}`);
  if (!flat) process.exitCode = 1;
}

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(ways);
const unknown = chosen.find((name) => !ways[name]);
if (unknown !== undefined) {
  console.error(`memory: no way "${unknown}". There are: ${Object.keys(ways).join(", ")}`);
  process.exitCode = 2;
} else if (chosen.length === 1 && globalThis.gc) await train(chosen[0]!);
else
  for (const name of chosen)
    try {
      execFileSync(process.execPath, ["--expose-gc", process.argv[1]!, name], { stdio: "inherit" });
    } catch {
      // It said so itself.
      process.exitCode = 1;
    }
