import { describe, expect, test, vi } from "vitest";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { Dataset } from "../data/dataset.ts";
import { hostArray } from "../data/hostArray.ts";
import { slices } from "../data/slices.ts";
import * as nn from "../nn/index.ts";
import * as losses from "../nn/losses/index.ts";
import * as optim from "../optim/index.ts";
import { randn, tensor } from "../tensor/create.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Callback, Run } from "./callback.ts";
import { evaluate } from "./evaluate.ts";
import { fit, type FitOptions } from "./fit.ts";

const x = tensor(
  Float32Array.from({ length: 80 * 3 }, (_, at) => Math.sin(at * at)),
  [80, 3],
);
const y = tensor(
  Float32Array.from({ length: 80 }, (_, at) => Math.cos(at)),
  [80, 1],
);
const labels = tensor(Int32Array.from({ length: 80 }, (_, at) => at % 3));
const batches = (size: number) => Dataset.from(slices([x, y])).batch(size);

type Options = Partial<FitOptions<Tensor, Tensor, Tensor, never>>;

/** Trains a model of fixed first weights. Returns weights, losses, and the numbers of examples and steps that were seen. */
async function train(data: unknown, options: Options = {}, outputs: number = 1) {
  manualSeed(1);
  const model = nn.sequential(new nn.Linear(3, 6), nn.tanh, new nn.Linear(6, outputs));
  const seen: number[] = [];
  let run: Run | undefined;
  const counting: Callback = {
    name: "counting",
    begin: (given) => void (run = given),
    endStep: ({ examples }) => void seen.push(examples),
  };
  const history = await fit(model, data as [Tensor, Tensor], {
    optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }),
    loss: losses.mse,
    display: false,
    shuffle: false,
    ...options,
    callbacks: [counting],
  });
  const weights = model.parameters().flatMap((parameter) => [...parameter.dataSync()]);
  return { weights, history, seen, run: run! };
}

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (const [at, value] of actual.entries()) expect(Math.abs(value - expected[at]!)).toBeLessThan(tolerance);
}

describe("what fit takes as data", () => {
  test("[P2] examples, in batches of 32 by default, give what their batches give", async () => {
    const expected = await train(batches(32), { epochs: 3 });
    const given = await train([x, y], { epochs: 3 });
    expect(given.seen).toEqual([32, 64, 80, 32, 64, 80, 32, 64, 80]);
    expect(given.history.loss.length).toBe(3);
    expect([given.weights, given.history]).toEqual([expected.weights, expected.history]);
    const arrays = [x, y].map((array) => hostArray(array.dataSync() as Float32Array, array.shape));
    expect((await train(arrays, { epochs: 3 })).weights).toEqual(expected.weights);
    expect((await train([x, y], { batchSize: 16, epochs: 2 })).weights).toEqual(
      (await train(batches(16), { epochs: 2 })).weights,
    );
  });

  test("datasets, arrays, iterables, generator functions and functions of the epoch are alike", async () => {
    const list = (await batches(32).toArray()) as [Tensor, Tensor][];
    const expected = await train(batches(32), { epochs: 2 });
    const sources = [
      list,
      new Set(list),
      function* () {
        yield* list;
      },
      async function* () {
        yield* list;
      },
      (_epoch: number) => list,
    ];
    for (const source of sources) expect((await train(source, { epochs: 2 })).weights).toEqual(expected.weights);
  });

  test("examples are shuffled unless told otherwise, anew in every epoch, by a seed", async () => {
    const plain = await train([x, y], { epochs: 2 });
    const [one, again, other] = [
      await train([x, y], { epochs: 2, shuffle: { seed: 7 } }),
      await train([x, y], { epochs: 2, shuffle: { seed: 7 } }),
      await train([x, y], { epochs: 2, shuffle: true }),
    ];
    expect(one.weights).toEqual(again.weights);
    expect(one.weights).not.toEqual(plain.weights);
    expect(one.weights).not.toEqual(other.weights);
  });

  test("validationSplit keeps the last examples apart", async () => {
    const cut = (from: number, to: number): [Tensor, Tensor] => [x.slice([from, to]), y.slice([from, to])];
    const expected = await train(cut(0, 60), { epochs: 2, validation: cut(60, 80) });
    const given = await train([x, y], { epochs: 2, validationSplit: 0.25 });
    expect([given.weights, given.history]).toEqual([expected.weights, expected.history]);
    expect(given.history.val_loss!.length).toBe(2);
  });

  test("validationFreq validates after every second epoch", async () => {
    const options = { epochs: 5, validation: [x, y] } as const;
    const every = await train([x, y], options);
    const second = await train([x, y], { ...options, validationFreq: 2 });
    expect(second.history.val_loss).toEqual([every.history.val_loss![1], every.history.val_loss![3]]);
    expect(second.history.loss).toEqual(every.history.loss);
  });

  test("steps in place of passes: data without end, and epochs that share passes", async () => {
    const endless = batches(32).repeat();
    const { seen, history, run } = await train(endless, { stepsPerEpoch: 2, epochs: 3 });
    // The third batch of a pass has 16 examples; an epoch goes on where the last one was.
    expect(seen).toEqual([32, 64, 16, 48, 32, 48]);
    expect([history.loss.length, run.totalSteps]).toEqual([3, 6]);
    expect((await train(batches(32), { stepsPerEpoch: 2, epochs: 3 })).weights).toEqual(
      (await train(batches(32), { epochs: 2 })).weights,
    );
    const counted = await train(endless, { steps: 7 });
    expect([counted.seen.length, counted.history.loss]).toEqual([7, undefined]);
    expect((await train([x, y], { steps: 7 })).history.loss.length).toBe(2);
  });

  test("epochs may begin later", async () => {
    const { run, history } = await train([x, y], { initialEpoch: 3, epochs: 5 });
    expect([run.epoch, history.loss.length]).toEqual([5, 2]);
  });

  test("models of several inputs and outputs: tuples and objects, in examples and in batches", async () => {
    class Two extends nn.Module {
      a = new nn.Linear(3, 2);
      b = new nn.Linear(1, 2);
      forward({ left, right }: { left: Tensor; right: Tensor }): { sum: Tensor; difference: Tensor } {
        const [a, b] = [this.a.forward(left), this.b.forward(right)];
        return { sum: a.add(b), difference: a.sub(b) };
      }
    }
    type Pair = { sum: Tensor; difference: Tensor };
    const targets = { sum: randn([80, 2]), difference: randn([80, 2]) };
    const loss = (outputs: Pair, wanted: Pair): Tensor =>
      losses.mse(outputs.sum, wanted.sum).add(losses.mse(outputs.difference, wanted.difference).mul(0.5));
    const run = async (data: unknown): Promise<number[]> => {
      manualSeed(2);
      const model = new Two();
      await fit(model, data as [{ left: Tensor; right: Tensor }, Pair], {
        optimizer: new optim.SGD(model.parameters(), { lr: 0.05 }),
        loss,
        epochs: 3,
        shuffle: false,
        display: false,
      });
      return model.parameters().flatMap((parameter) => [...parameter.dataSync()]);
    };
    const asExamples = await run([{ left: x, right: y }, targets]);
    const rows = Dataset.zip({
      left: Dataset.from(slices(x)),
      right: Dataset.from(slices(y)),
      targets: Dataset.from(slices(targets)),
    });
    const asBatches = await run(rows.map(({ left, right, targets: t }) => [{ left, right }, t] as const).batch(32));
    expect(asExamples).toEqual(asBatches);
    class Tuple extends nn.Module {
      layer = new nn.Linear(4, 1);
      forward([a, b]: readonly [Tensor, Tensor]): Tensor {
        return this.layer.forward(a.slice([0, a.shape[0]!]).mul(b));
      }
    }
    const tuple = new Tuple();
    const wide = randn([80, 4]);
    const { loss: found } = await fit(tuple, [[wide, y], y] as const, {
      optimizer: new optim.SGD(tuple.parameters(), { lr: 0.05 }),
      loss: losses.mse,
      epochs: 2,
      display: false,
    });
    expect(found[1]).toBeLessThan(found[0]!);
  });
});

describe("weights", () => {
  const crossEntropy = { loss: losses.crossEntropy, epochs: 2 };

  test("of examples multiply their losses; 0 leaves one out, but for the divisor", async () => {
    const weights = tensor(Float32Array.from({ length: 80 }, (_, at) => (at % 4 === 0 ? 0 : 4 / 3)));
    const given = await train([x, labels, weights], crossEntropy, 3);
    const loss = (outputs: Tensor, [target, weight]: [Tensor, Tensor]): Tensor =>
      losses.crossEntropy(outputs, target, { sampleWeight: weight });
    const byHand = await train([x, [labels, weights]], { epochs: 2, loss } as never, 3);
    expectClose(given.weights, byHand.weights, 1e-6);
    expectClose(given.history.loss, byHand.history.loss, 1e-6);
    // Batches of three parts are the same.
    const parts = Dataset.from(slices([x, labels, weights])).batch(32);
    expect((await train(parts, crossEntropy, 3)).weights).toEqual(given.weights);
  });

  test("of classes are those of their examples, for labels, probabilities, and zeros and ones", async () => {
    const of = [1, 5, 0.5];
    const weights = tensor(Float32Array.from({ length: 80 }, (_, at) => of[at % 3]!));
    const expected = await train([x, labels, weights], crossEntropy, 3);
    const forms: unknown[] = [of, { 0: 1, 1: 5, 2: 0.5 }, { 1: 5, 2: 0.5 }];
    for (const classWeight of forms)
      expect((await train([x, labels], { ...crossEntropy, classWeight } as never, 3)).weights).toEqual(
        expected.weights,
      );
    const hot = tensor(
      Float32Array.from({ length: 240 }, (_, at) => +(at % 3 === Math.floor(at / 3) % 3)),
      [80, 3],
    );
    const soft = await train([x, hot], { ...crossEntropy, classWeight: of }, 3);
    expectClose(soft.weights, expected.weights, 1e-6);
    const twice = await train([x, labels, weights], { ...crossEntropy, classWeight: [1, 1 / 5, 2] }, 3);
    expectClose(twice.weights, (await train([x, labels], crossEntropy, 3)).weights, 1e-6);

    const binary = tensor(
      Float32Array.from({ length: 80 }, (_, at) => at % 2),
      [80, 1],
    );
    const bce = { loss: losses.binaryCrossEntropyWithLogits, epochs: 2 };
    const counted = tensor(Float32Array.from({ length: 80 }, (_, at) => (at % 2 ? 3 : 1)));
    expect((await train([x, binary], { ...bce, classWeight: { 1: 3 } })).weights).toEqual(
      (await train([x, binary, counted], bce)).weights,
    );
  });

  test("in validation data they count in val_loss", async () => {
    const half = tensor(Float32Array.from({ length: 80 }, (_, at) => +(at < 40)));
    const { history } = await train([x, y], { validation: [x, y, half] });
    const model = new nn.Linear(3, 1);
    const all = await evaluate(model, [x, y, half], { loss: losses.mse });
    const first = await evaluate(model, [x.slice([0, 40]), y.slice([0, 40])] as [Tensor, Tensor], { loss: losses.mse });
    expect(all.loss).toBeCloseTo(first.loss / 2, 5);
    expect(history.val_loss![0]).toBeGreaterThan(0);
  });

  test("what makes no sense is told", async () => {
    const one = (outputs: Tensor, targets: Tensor): Tensor => outputs.sub(targets).square().mean();
    const flat = tensor(new Float32Array(80));
    const mistakes: [() => Promise<unknown>, RegExp, unknown][] = [
      [
        () => train([x, y, flat], { loss: one }),
        /weights need a loss for each example, .* hand its third argument/,
        ArgumentError,
      ],
      [
        () => train([x, y, tensor(new Float32Array(160), [80, 2])]),
        /sample weights must have leading axes of the losses \[32, 1\], got \[32, 2\]/,
        ShapeError,
      ],
      [
        () => train([x, y], { classWeight: { 0: -1 } }),
        /classWeight must give numbers of 0 or more for classes, .* got -1 for 0/,
        ArgumentError,
      ],
      [
        () => train([x, { y }], { classWeight: [1] }),
        /classWeight wants one tensor of labels or probabilities/,
        ArgumentError,
      ],
    ];
    for (const [act, message, type] of mistakes) {
      await expect(act()).rejects.toThrow(message);
      await expect(act()).rejects.toThrow(type as typeof Error);
    }
  });
});

describe("accumulation", () => {
  const first = (count: number): [Tensor, Tensor] => [x.slice([0, count]), y.slice([0, count])];

  test("[W1] four batches of 8 are one of 32, to 1e-6", async () => {
    const whole = await train(first(64), { batchSize: 32, epochs: 5 });
    const parts = await train(first(64), { batchSize: 8, accumulate: 4, epochs: 5 });
    expect(parts.seen).toEqual(whole.seen);
    expectClose(parts.weights, whole.weights, 1e-6);
    expectClose(parts.history.loss, whole.history.loss, 1e-6);
  });

  test("[W2] [AK18] of ten batches at four, two updates drop the tail; three flush it with the right divisor", async () => {
    // The snippet of the notes: loss / 4, and a step after every fourth batch; two batches are left over and dropped.
    manualSeed(1);
    const model = nn.sequential(new nn.Linear(3, 6), nn.tanh, new nn.Linear(6, 1));
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    let updates = 0;
    let at = 0;
    for await (const [inputs, targets] of batches(8)) {
      losses.mse(model.forward(inputs), targets).div(4).backward();
      if (++at % 4 !== 0) continue;
      optimizer.step();
      optimizer.zeroGrad();
      updates++;
    }
    expect([at, updates]).toEqual([10, 2]);
    const written = model.parameters().flatMap((parameter) => [...parameter.dataSync()]);

    const flushed = await train([x, y], { batchSize: 8, accumulate: 4 });
    expect(flushed.seen).toEqual([32, 64, 80]);
    expect(flushed.run.stepsPerEpoch).toBe(3);
    expectClose((await train([x, y], { batchSize: 8, accumulate: 4, steps: 2 })).weights, written, 1e-6);
    // What is left over counts as one batch of 16, not as half of one of 32.
    expectClose(flushed.weights, (await train([x, y], { batchSize: 32 })).weights, 1e-6);
  });

  test("a last batch that is smaller counts by its examples; with clipping, the whole gradient is clipped", async () => {
    const whole = await train([x, y], { batchSize: 80, epochs: 3, clip: 0.05 });
    const parts = await train([x, y], { batchSize: 30, accumulate: 3, epochs: 3, clip: 0.05 });
    expectClose(parts.weights, whole.weights, 1e-6);
    expect(parts.seen).toEqual([80, 80, 80]);
  });

  test("of data whose length is not known", async () => {
    const list = (await batches(8).toArray()) as [Tensor, Tensor][];
    const source = function* (): Generator<[Tensor, Tensor]> {
      yield* list;
    };
    const stream = await train(source, { accumulate: 4, epochs: 2 });
    expect(stream.weights).toEqual((await train(list, { accumulate: 4, epochs: 2 })).weights);
  });
});

describe("clipping", () => {
  const gradients = (): { a: nn.Parameter; b: nn.Parameter } => {
    const [a, b] = [nn.parameter(tensor([1, 1])), nn.parameter(tensor([1]))];
    a.mul(tensor([3, 4]))
      .sum()
      .add(b.mul(0.1).sum())
      .backward();
    return { a, b };
  };
  const numbers = (parameter: nn.Parameter): number[] => [...parameter.grad!.dataSync()];

  test("[W3] by the norm of all: [3, 4] is [0.6, 0.8]", () => {
    const only = nn.parameter(tensor([1, 1]));
    only
      .mul(tensor([3, 4]))
      .sum()
      .backward();
    expect(optim.clipGradNorm([only], 1).itemSync()).toBe(5);
    expectClose(numbers(only), [0.6, 0.8], 1e-6);
  });

  test("[W4] each by its own norm: none is above 1, and what was below stays", () => {
    const { a, b } = gradients();
    optim.clipGradNorms([a, b], 1);
    expectClose(numbers(a), [0.6, 0.8], 1e-6);
    expectClose(numbers(b), [0.1], 1e-7);
    const zero = nn.parameter(tensor([1]));
    zero.mul(0).sum().backward();
    optim.clipGradNorms([zero], 1);
    expect(numbers(zero)).toEqual([0]);
  });

  test("[W5] by value: within ±0.5, smaller elements as they were", () => {
    const { a, b } = gradients();
    optim.clipGradValue([a, b], 0.5);
    expect(numbers(a)).toEqual([0.5, 0.5]);
    expectClose(numbers(b), [0.1], 1e-7);
  });

  test("fit clips by value, by each norm, and by the norm of all", async () => {
    /** One step of SGD with rate 1: the change is the gradient. */
    const change = async (clip: FitOptions<Tensor, Tensor, Tensor, never>["clip"]): Promise<number[]> => {
      const model = new nn.Linear(2, 1);
      const before = model.parameters().flatMap((parameter) => [...parameter.dataSync()]);
      await fit(model, [tensor([[3, 4]]), tensor([[0]])] as [Tensor, Tensor], {
        optimizer: new optim.SGD(model.parameters(), { lr: 1 }),
        loss: (outputs) => outputs.sum(),
        clip,
        display: false,
      });
      const after = model.parameters().flatMap((parameter) => [...parameter.dataSync()]);
      return after.map((value, at) => before[at]! - value);
    };
    expectClose(await change(undefined), [3, 4, 1], 1e-5);
    expectClose(await change({ value: 2 }), [2, 2, 1], 1e-5);
    expectClose(await change({ norm: 1 }), [0.6, 0.8, 1], 1e-5);
    const all = Math.hypot(3, 4, 1);
    for (const clip of [1, { globalNorm: 1 }]) expectClose(await change(clip), [3 / all, 4 / all, 1 / all], 1e-5);
    await expect(change({ norm: 0 })).rejects.toThrow(/clipGradNorms: the limit must be above 0, got 0/);
  });

  test("[W6] a recurrent net whose gradients explode trains when they are clipped", async () => {
    class Recurrent extends nn.Module {
      rnn = new nn.RNN(1, 16, { nonlinearity: "relu" });
      head = new nn.Linear(16, 1);
      forward(input: Tensor): Tensor {
        const [outputs] = this.rnn.forward(input as never) as unknown as [Tensor];
        return this.head.forward(outputs.slice([0, outputs.shape[0]!], outputs.shape[1]! - 1));
      }
    }
    const losing = async (clip: number | undefined): Promise<number[]> => {
      manualSeed(3);
      const model = new Recurrent();
      for (const [name, parameter] of model.rnn.namedParameters())
        if (name.includes("hh")) parameter.assign(parameter.mul(4));
      const input = tensor(
        Float32Array.from({ length: 16 * 24 }, (_, at) => Math.sin(at)),
        [16, 24, 1],
      );
      const { loss } = await fit(model, [input, input.mean(1)], {
        optimizer: new optim.SGD(model.parameters(), { lr: 0.05 }),
        loss: losses.mse,
        epochs: 120,
        clip,
        display: false,
      });
      return loss;
    };
    expect((await losing(undefined)).at(-1)).not.toSatisfy(Number.isFinite);
    const clipped = await losing(1);
    expect(clipped.at(-1)).toBeLessThan(clipped[0]! / 10);
  });
});

describe("bad data and bad luck", () => {
  test("a label that names no class is told with its place; one that the loss ignores is none", async () => {
    const wrong = Int32Array.from(labels.dataSync());
    wrong[37] = 3;
    const options = { loss: losses.crossEntropy, epochs: 2 };
    const act = (): Promise<unknown> => train([x, tensor(wrong)], options, 3);
    await expect(act()).rejects.toThrow(
      /^fit: the targets of batch 2 of epoch 1 have the label 3 at \[5\], and the model's outputs have 3 classes, 0 to 2/,
    );
    await expect(act()).rejects.toThrow(ArgumentError);
    wrong[37] = -100;
    const loss = (outputs: Tensor, targets: Tensor): Tensor =>
      losses.crossEntropy(outputs, targets, { ignoreIndex: -100 });
    const { history } = await train([x, tensor(wrong)], { ...options, loss }, 3);
    expect(history.loss.every(Number.isFinite)).toBe(true);
  });

  test("NaN in the data is told with its place, where the data can be read again", async () => {
    const spoilt = Float32Array.from(x.dataSync());
    spoilt[3 * 41 + 2] = NaN;
    const data = [tensor(spoilt, [80, 3]), y] as [Tensor, Tensor];
    await expect(train(data)).rejects.toThrow(/^fit: the inputs of batch 2 of epoch 1 have NaN at \[9, 2\]/);
    const shuffled = Dataset.from(slices(data)).shuffle({ seed: 3 }).batch(32);
    await expect(train(shuffled)).rejects.toThrow(/^fit: the inputs of batch \d of epoch 1 have NaN at \[\d+, 2\]/);
    const infinite = [x, tensor(new Float32Array(80).fill(Infinity), [80, 1])];
    await expect(train(infinite)).rejects.toThrow(/the targets of batch 1 of epoch 1 have Infinity at \[0, 0\]/);
    const validated = train([x, y], { validation: data });
    await expect(validated).rejects.toThrow(/^evaluate: the inputs of batch 2 have NaN at \[9, 2\]/);
  });

  test("a loss that explodes by itself is said once, and training goes on", async () => {
    const lines: string[] = [];
    const display = { columns: undefined, write: (text: string) => void lines.push(text) };
    const model = new nn.Linear(3, 1);
    const optimizer = new optim.SGD(model.parameters(), { lr: 1e30 });
    const { history } = await train([x, y], { epochs: 9, display, optimizer });
    expect(history.loss.length).toBe(9);
    const model2 = nn.sequential(new nn.Linear(3, 1));
    const found = await fit(model2, [x, y], {
      optimizer: new optim.SGD(model2.parameters(), { lr: 1e30 }),
      loss: losses.mse,
      epochs: 6,
      display,
    });
    expect(found.loss.at(-1)).not.toSatisfy(Number.isFinite);
    expect(lines.filter((line) => line.startsWith("the loss is not finite from batch")).length).toBe(1);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const model3 = nn.sequential(new nn.Linear(3, 1));
    await fit(model3, [x, y], {
      optimizer: new optim.SGD(model3.parameters(), { lr: 1e30 }),
      loss: losses.mse,
      epochs: 6,
      display: false,
    });
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/^myelin: fit: the loss is not finite from batch/)]]);
    warn.mockRestore();
  });

  test("options that make no sense", async () => {
    const mistakes: [unknown, Options, RegExp][] = [
      [[x, y], { batchSize: 0 }, /batchSize must be a whole number of 1 or more, got 0/],
      [[x, y], { accumulate: 1.5 }, /accumulate must be a whole number/],
      [[x, y], { stepsPerEpoch: 0 }, /stepsPerEpoch must be/],
      [[x, y], { validationSplit: 1 }, /validationSplit must lie between 0 and 1 .* got 1 of 80 examples/],
      [[x, y], { validationSplit: 0.5, validation: [x, y] }, /got both validation and validationSplit/],
      [batches(8), { validationSplit: 0.5 }, /validationSplit wants the examples themselves/],
      [[x, y.slice([0, 79])], {}, /there are 80 inputs and 79 targets or weights/],
      [[tensor(new Float32Array(0), [0, 3]), tensor(new Float32Array(0), [0, 1])], {}, /the data has no batches/],
    ];
    for (const [data, options, message] of mistakes) await expect(train(data, options)).rejects.toThrow(message);
  });
});

test("options that are misspelt, and what is no optimizer, are refused", async () => {
  const misspelt = { epohcs: 2 } as Options;
  await expect(train([x, y], misspelt)).rejects.toThrow('fit: "epohcs" is none of its options. Did you mean epochs?');
  await expect(train([x, y], { batch_size: 8 } as Options)).rejects.toThrow(/Did you mean batchSize\?/);
  await expect(train([x, y], { optimizer: "adam" } as unknown as Options)).rejects.toThrow(
    /optimizer must be one of optim.*got adam/,
  );
  const { seen } = await train([x, y], { model: "mine" } as Options);
  expect(seen.length).toBe(3);
});
