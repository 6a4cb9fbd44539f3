/** A small network trained as its users would: Node, pages and workers run this same program, and must agree. */
import { jit, losses, manualSeed, nn, optim, rand, tensor, type Tensor } from "myelin";
import type { CONTROL } from "./runner.ts";

const STEPS = 20;
const BATCH = 64;
const [INPUTS, HIDDEN, CLASSES] = [256, 256, 10];
/** A few rows that take milliseconds each: whoever runs out of them waits long for the others. */
const [ROWS, LENGTH] = [5, 2 ** 18];

/** What a run was like. */
export interface Outcome {
  /** The loss of each step and one value that took long, with every bit of their single precision. */
  readonly values: readonly number[];
  /** Helper threads that were started and have not failed. */
  readonly helpers: number;
  /** Those of them that lie ready in the shared memory when training is over. */
  readonly ready: number;
  /** Whether this thread may sleep until another one wakes it; a page's own must not. */
  readonly maySleep: boolean;
}

/** The part of a helper's first message that is looked at here. */
interface Helper {
  readonly memory: WebAssembly.Memory;
  readonly control: typeof CONTROL;
}

/** Trains, and tells how that went. */
export async function train(): Promise<Outcome> {
  const helpers = watchHelpers();
  manualSeed(1);
  const model = nn.sequential(new nn.Linear(INPUTS, HIDDEN), nn.relu, new nn.Linear(HIDDEN, CLASSES));
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-2 });
  const step = jit((x: Tensor<[number, number]>, labels: Tensor) => {
    optimizer.zeroGrad();
    const loss = losses.crossEntropy(model.forward(x), labels);
    loss.backward();
    optimizer.step();
    return loss;
  });
  const x = rand([BATCH, INPUTS]);
  const labels = tensor(
    Array.from({ length: BATCH }, (_, i) => (i * 7) % CLASSES),
    { dtype: "i32" },
  );
  const values: number[] = [];
  for (let n = 0; n < STEPS; n++) {
    values.push(step(x, labels).itemSync());
    // Threads begin to live while the page does nothing: half of the steps run before that, the others with helpers.
    if (n === STEPS / 2 - 1) await readyHelpers(helpers);
  }
  const ready = await readyHelpers(helpers);
  values.push(rand([ROWS, LENGTH]).softmax(-1).square().sum().itemSync());
  return { values, helpers: helpers.size, ready, maySleep: maySleep() };
}

/** Notes every worker that is started from now on, by what it is told first, for as long as it does not fail. */
function watchHelpers(): ReadonlySet<Helper> {
  const helpers = new Set<Helper>();
  if (typeof Worker === "undefined") return helpers;
  globalThis.Worker = class extends Worker {
    override postMessage(message: Helper): void {
      helpers.add(message);
      this.addEventListener("error", () => helpers.delete(message));
      super.postMessage(message);
    }
  };
  return helpers;
}

/** How many helpers wait for work: all of them after a while, unless some never come to life. */
async function readyHelpers(helpers: ReadonlySet<Helper>): Promise<number> {
  const asleep = (): number => {
    for (const { memory, control } of helpers)
      return Atomics.load(new Int32Array(memory.buffer), control.sleepers >>> 2);
    return 0;
  };
  // Asked once a turn: a thread that sleeps may wake by itself, and sleep again.
  let count = asleep();
  for (const end = performance.now() + 10_000; count < helpers.size && performance.now() < end; count = asleep())
    await new Promise((resolve) => setTimeout(resolve, 5));
  return count;
}

/** Asks the engine itself. */
function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
