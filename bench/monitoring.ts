/**
 * `node build/bench/monitoring.js [--device NAME]`: what callbacks.tensorBoard costs with histograms of all weights, gradients and activations
 * every 100 steps. Runs of `fit` with and without it take turns; what is timed begins when all programs are made and settled.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { callbacks, fit, losses, optim, randint, randn, setDevice, type Tensor } from "myelin";
import { Perceptron } from "./models.ts";

const { values } = parseArgs({ options: { device: { type: "string", default: "cpu" } } });
setDevice(values.device);

const EVERY = 100;
const SETTLED = 2000;
const TIMED = 4000;
const ROUNDS = 9;

const folder = mkdtempSync(join(tmpdir(), "myelin-monitoring-"));

/** Microseconds of a step. */
async function timeOf(batch: number, sizes: readonly number[], watched: boolean): Promise<number> {
  const model = new Perceptron(...sizes);
  const x = randn([batch, sizes[0]!]) as Tensor;
  const y = randint(0, sizes.at(-1)!, [batch]) as Tensor;
  x.dataSync();
  y.dataSync();
  let begin = 0;
  function* batches(): Generator<readonly [Tensor, Tensor]> {
    for (let step = 0; step < SETTLED + TIMED; step++) {
      if (step === SETTLED) begin = performance.now();
      yield [x, y];
    }
  }
  await fit(
    model,
    { [Symbol.iterator]: batches, length: SETTLED + TIMED },
    {
      optimizer: new optim.AdamW(model.parameters()),
      loss: losses.crossEntropy,
      display: false,
      callbacks: watched
        ? [callbacks.tensorBoard({ folder: `${folder}/${Math.random()}`, histogramEvery: EVERY })]
        : [],
    },
  );
  return (1000 * (performance.now() - begin)) / TIMED;
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;

for (const [name, batch, ...sizes] of [
  ["mlp32", 32, 784, 128, 10],
  ["mlp64", 64, 784, 512, 256, 10],
] as const) {
  const times = { plain: [] as number[], watched: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    times.plain.push(await timeOf(batch, sizes, false));
    times.watched.push(await timeOf(batch, sizes, true));
  }
  const [plain, watched] = [median(times.plain), median(times.watched)];
  const cost = median(times.watched.map((time, round) => time / times.plain[round]! - 1));
  console.log(
    `workload=${name}  device=${values.device}  plainUs=${plain.toFixed(1)}  watchedUs=${watched.toFixed(1)}  cost=${(100 * cost).toFixed(1)}%`,
  );
}
rmSync(folder, { recursive: true });
