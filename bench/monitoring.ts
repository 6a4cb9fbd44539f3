/**
 * `node build/bench/monitoring.js [--device NAME] [--rounds N] [--workload mlp32]`: what callbacks.tensorBoard costs with histograms of all
 * weights, gradients and activations every 100 steps. Two figures: the steps that are looked into, and those right after them, against the
 * others of the same run; and runs of `fit` with and without it, in turn. What is timed begins when all programs are made and settled.
 * Beside the clock's time stands the processor's, of all threads, on which other programs have less influence.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { callbacks, fit, losses, optim, randint, randn, setDevice, type Tensor } from "myelin";
import { Perceptron } from "./models.ts";

const { values } = parseArgs({
  options: {
    device: { type: "string", default: "cpu" },
    rounds: { type: "string", default: "5" },
    workload: { type: "string" },
  },
});
setDevice(values.device);

const EVERY = 100;
/** 90 looks of mlp32 are read at once, and a thousand values written: that has been before anything is timed, so that all code has run. */
const SETTLED = 12_800;
/** Whatever looks cost happens twice. */
const TIMED = 18_600;
/** Steps after a look that it may have slowed down, its own included. */
const DISTURBED = 10;

const folder = mkdtempSync(join(tmpdir(), "myelin-monitoring-"));

interface RunTimes {
  /** Microseconds of a step, by the clock and of the processor. */
  readonly clock: number;
  readonly processor: number;
  /** Microseconds that a look adds: in the mean, with reading looks and writing events now and then; and the median, without. */
  readonly look: number;
  readonly usualLook: number;
}

async function timesOf(batch: number, sizes: readonly number[], watched: boolean): Promise<RunTimes> {
  const model = new Perceptron(...sizes);
  const x = randn([batch, sizes[0]!]);
  const y = randint(0, sizes.at(-1)!, [batch]);
  x.dataSync();
  y.dataSync();
  let used = process.cpuUsage();
  /** When each batch was asked for: a look is over before the next is. */
  const times = new Float64Array(SETTLED + TIMED + 1);
  function* batches(): Generator<readonly [Tensor, Tensor]> {
    for (let step = 0; step < SETTLED + TIMED; step++) {
      if (step === SETTLED) used = process.cpuUsage();
      times[step] = performance.now();
      yield [x, y];
    }
    times[SETTLED + TIMED] = performance.now();
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
  const looks: number[] = [];
  for (let step = SETTLED + EVERY - 1; step + EVERY <= SETTLED + TIMED; step += EVERY) {
    const [disturbed, next] = [step + DISTURBED, step + EVERY];
    const others = (times[next]! - times[disturbed]!) / (EVERY - DISTURBED);
    looks.push(1000 * (times[disturbed]! - times[step]! - DISTURBED * others));
  }
  return {
    clock: (1000 * (times[SETTLED + TIMED]! - times[SETTLED]!)) / TIMED,
    processor: (user + system) / TIMED,
    look: mean(looks),
    usualLook: median(looks),
  };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;
}

for (const [name, batch, ...sizes] of [
  ["mlp32", 32, 784, 128, 10],
  ["mlp64", 64, 784, 512, 256, 10],
] as const) {
  if (values.workload !== undefined && values.workload !== name) continue;
  const plain: RunTimes[] = [];
  const watched: RunTimes[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    plain.push(await timesOf(batch, sizes, false));
    watched.push(await timesOf(batch, sizes, true));
  }
  const look = median(watched.map((one) => one.look));
  const usual = median(watched.map((one) => one.usualLook));
  const step = median(plain.map(({ clock }) => clock));
  const words = (["clock", "processor"] as const).map((time) => {
    const cost = median(watched.map((one, round) => one[time] / plain[round]![time] - 1));
    const [without, within] = [plain, watched].map((all) => median(all.map((one) => one[time])).toFixed(1));
    return `${time}: plainUs=${without}  watchedUs=${within}  cost=${(100 * cost).toFixed(1)}%`;
  });
  console.log(
    `workload=${name}  device=${values.device}  lookUs=${look.toFixed(0)} (median ${usual.toFixed(0)})  cost=${((100 * look) / (EVERY * step)).toFixed(1)}%  ${words.join("  ")}`,
  );
}
rmSync(folder, { recursive: true });
