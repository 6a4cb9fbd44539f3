/**
 * `node build/bench/training.js [--device NAME] [--steps N] [--rounds N]`: what `fit` adds to a step of mlp32 over the bare `jit` step, in microseconds. Both
 * train the same model on the same batch and take turns; what is timed begins when their programs are made and settled.
 */
import { parseArgs } from "node:util";
import { deviceThreads, fit, jit, losses, optim, randint, randn, setDevice, type Tensor } from "myelin";
import { Perceptron } from "./models.ts";

const { values } = parseArgs({
  options: {
    device: { type: "string", default: "cpu" },
    steps: { type: "string", default: "4000" },
    rounds: { type: "string", default: "9" },
  },
});
setDevice(values.device);

const SETTLED = 3000;
const TIMED = Number(values.steps);
const ROUNDS = Number(values.rounds);
const x = randn([32, 784]);
const y = randint(0, 10, [32]);
x.dataSync();
y.dataSync();

/** Microseconds of a step, on the clock and of the processor: on a busy machine only the second means something. */
interface Cost {
  readonly clock: number;
  readonly processor: number;
}

/** Starts to measure; what it returns says what a step has cost since. */
function measured(): () => Cost {
  const [clock, processor] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(processor);
    return { clock: (1000 * (performance.now() - clock)) / TIMED, processor: (user + system) / TIMED };
  };
}

/** A step in a loop that is nothing but the step; it returns its loss, which is read at the end. */
async function bare(): Promise<Cost> {
  const model = new Perceptron(784, 128, 10);
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const step = jit((inputs: Tensor, targets: Tensor) => {
    optimizer.zeroGrad();
    const loss = losses.crossEntropy(model.forward(inputs), targets);
    loss.backward();
    optimizer.step();
    optimizer.zeroGrad();
    return loss;
  });
  for (let at = 0; at < SETTLED; at++) step(x, y);
  const cost = measured();
  for (let at = 1; at < TIMED; at++) step(x, y);
  await step(x, y).item();
  return cost();
}

/** The same in `fit`, with the mean loss collected and everything else that it does. */
async function fitted(): Promise<Cost> {
  const model = new Perceptron(784, 128, 10);
  let cost = measured();
  function* batches(): Generator<readonly [Tensor, Tensor]> {
    for (let step = 0; step < SETTLED + TIMED; step++) {
      if (step === SETTLED) cost = measured();
      yield [x, y];
    }
  }
  await fit(
    model,
    { [Symbol.iterator]: batches, length: SETTLED + TIMED },
    { optimizer: new optim.Adam(model.parameters(), { lr: 1e-3 }), loss: losses.crossEntropy, display: false },
  );
  return cost();
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;
const costs: (readonly [bare: Cost, fit: Cost])[] = [];
for (let round = 0; round < ROUNDS; round++) costs.push([await bare(), await fitted()]);
const words = (["clock", "processor"] as const).map((kind) => {
  const of = (at: 0 | 1): string => median(costs.map((pair) => pair[at][kind])).toFixed(1);
  const added = median(costs.map(([one, other]) => other[kind] - one[kind])).toFixed(1);
  return `${kind}: bare ${of(0)} us, fit ${of(1)} us, added ${added} us`;
});
console.log(`workload=mlp32  device=${values.device}  threads=${deviceThreads()}  ${words.join("  ")}`);
