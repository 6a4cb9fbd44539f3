/**
 * `node build/bench/monitoring.js [--device NAME]`: what callbacks.tensorBoard costs with histograms of all weights, gradients and activations
 * every 100 steps. Runs of `fit` with and without it take turns; what is timed begins when all programs are made and settled. Beside the
 * clock's time stands the processor's, of all threads, on which other programs have less influence.
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
const ROUNDS = 5;

const folder = mkdtempSync(join(tmpdir(), "myelin-monitoring-"));

/** Microseconds of a step, by the clock and of the processor. */
interface StepTime {
  readonly clock: number;
  readonly processor: number;
}

async function timeOf(batch: number, sizes: readonly number[], watched: boolean): Promise<StepTime> {
  const model = new Perceptron(...sizes);
  const x = randn([batch, sizes[0]!]) as Tensor;
  const y = randint(0, sizes.at(-1)!, [batch]) as Tensor;
  x.dataSync();
  y.dataSync();
  let begin = 0;
  let used = process.cpuUsage();
  function* batches(): Generator<readonly [Tensor, Tensor]> {
    for (let step = 0; step < SETTLED + TIMED; step++) {
      if (step === SETTLED) [begin, used] = [performance.now(), process.cpuUsage()];
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
  const { user, system } = process.cpuUsage(used);
  return { clock: (1000 * (performance.now() - begin)) / TIMED, processor: (user + system) / TIMED };
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;

for (const [name, batch, ...sizes] of [
  ["mlp32", 32, 784, 128, 10],
  ["mlp64", 64, 784, 512, 256, 10],
] as const) {
  const plain: StepTime[] = [];
  const watched: StepTime[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    plain.push(await timeOf(batch, sizes, false));
    watched.push(await timeOf(batch, sizes, true));
  }
  const words = (["clock", "processor"] as const).map((time) => {
    const cost = median(watched.map((one, round) => one[time] / plain[round]![time] - 1));
    const [without, within] = [plain, watched].map((all) => median(all.map((one) => one[time])).toFixed(1));
    return `${time}: plainUs=${without}  watchedUs=${within}  cost=${(100 * cost).toFixed(1)}%`;
  });
  console.log(`workload=${name}  device=${values.device}  ${words.join("  ")}`);
}
rmSync(folder, { recursive: true });
