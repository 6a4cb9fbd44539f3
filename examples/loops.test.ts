import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accuracy, callbacks, fit, losses, nn, optim, tensor, type DType, type Tensor } from "myelin";
import { trainPlainly, trainWithMetrics } from "./gradientTape.ts";
import {
  AdvancedNN,
  describePrediction,
  inference,
  loaderOf,
  trainEpoch,
  trainModel,
  validate,
  type LoopOptions,
} from "./pytorchLoop.ts";

interface Recorded {
  readonly losses: readonly number[];
  readonly printed: readonly string[];
  readonly predicted: string;
  readonly weights: readonly number[];
}
type Name = "pytorch" | "printed" | "stopped" | "gradientTape" | "trainStep";
const recorded = JSON.parse(
  readFileSync(new URL("../tools/goldens/results/loops.json", import.meta.url), "utf8"),
) as Record<Name, Recorded>;

const [FEATURES, CLASSES] = [16, 4];

/** The numbers of tools/goldens/nn.py. */
const spread = (count: number, seed: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => ((i * 0.6180339887498949 + seed * 0.7548776662466927) % 1) * 2 - 1);

function examples(count: number, seed: number, dtype: DType = "f32"): [Tensor, Tensor] {
  const x = tensor(spread(count * FEATURES, seed), [count, FEATURES]);
  const classes = x.matmul(tensor(spread(FEATURES * CLASSES, 3), [FEATURES, CLASSES])).argmax(1);
  return [x.cast(dtype), classes] as [Tensor, Tensor];
}

/** First weights as in the recorded runs. */
function fill(layers: readonly nn.Linear[]): void {
  const set = (parameter: nn.Parameter, seed: number): void => {
    const values = spread(parameter.size, seed).map((value) => 0.3 * value);
    parameter.assign(tensor(values, [...parameter.shape]).cast(parameter.dtype));
  };
  for (const [i, { weight, bias }] of layers.entries()) {
    set(weight, 10 + i);
    set(bias!, 20 + i);
  }
}

const [train, val] = [examples(320, 1), examples(100, 2)];
const expectCurve = (found: readonly number[], wanted: readonly number[]): void => {
  expect(found.length).toBeGreaterThanOrEqual(50);
  for (const [step, loss] of wanted.entries()) expect(Math.abs(found[step]! - loss), `step ${step}`).toBeLessThan(1e-4);
};
/** The same words, and numbers that differ by one in their last digit at most: Python rounds 40.625 down. */
const expectPrinted = (found: readonly string[], wanted: readonly string[]): void => {
  const parts = (lines: readonly string[]): string[] => lines.join("\n").split(/(\d+\.\d+)/);
  expect(parts(found).length).toBe(parts(wanted).length);
  for (const [at, part] of parts(found).entries()) {
    const other = parts(wanted)[at]!;
    if (at % 2 === 0) expect(part).toBe(other);
    else expect(Math.abs(Number(part) - Number(other))).toBeLessThan(1.01 * 10 ** -other.split(".")[1]!.length);
  }
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-loops-"));
});
afterAll(() => rm(folder, { recursive: true }));

function advanced(dtype: DType = "f32"): AdvancedNN {
  const model = new AdvancedNN(FEATURES, [32, 16], CLASSES, { dropout: 0, dtype });
  fill(model.modules().filter((module) => module instanceof nn.Linear));
  return model;
}
const loaders = [loaderOf(...train, 32), loaderOf(...val, 32)] as const;
const doubles = [loaderOf(...examples(320, 1, "f64"), 32), loaderOf(...examples(100, 2, "f64"), 32)] as const;

describe("a script of PyTorch, line by line", () => {
  /** Runs the script. */
  async function run(dtype: DType, options: LoopOptions) {
    const [printed, steps]: [string[], number[]] = [[], []];
    const model = await trainModel(advanced(dtype), ...(dtype === "f64" ? doubles : loaders), {
      path: join(folder, "best.safetensors"),
      print: (line) => void printed.push(line),
      onStep: (loss) => void steps.push(loss),
      ...options,
    });
    return { model, printed, steps };
  }

  test("[P14] [P17] the complete training pipeline has PyTorch's losses for 50 steps", async () => {
    const { steps } = await run("f32", { epochs: 5 });
    expectCurve(steps, recorded.pytorch.losses);
  });

  // The gradient of a bias before a batch norm is rounding alone, and Adam makes steps of it. In f32 the last digits of validation are chance.
  test("[P16] [P17] [P19] in f64 it prints what PyTorch prints", async () => {
    const { model, printed, steps } = await run("f64", { epochs: 5 });
    expectCurve(steps, recorded.printed.losses);
    expectPrinted(printed, recorded.printed.printed);
    const predicted = await describePrediction(model, examples(100, 2, "f64")[0].slice([0, 1]));
    expect(predicted).toMatch(/^Predicted: \d+, Confidence: \d+\.\d{2}%$/);
    expectPrinted([predicted], [recorded.printed.predicted]);
  });

  test("[P17] [L9] early stopping says its epoch, and the best model is loaded again", async () => {
    const { model, printed, steps } = await run("f64", { epochs: 60, patience: 3 });
    expectCurve(steps, recorded.stopped.losses);
    expectPrinted(printed, recorded.stopped.printed);
    expect(printed.at(-1)).toMatch(/^Early stopping at epoch \d+$/);
    const accuracies = printed.flatMap((line) => /Val Acc: ([\d.]+)%/.exec(line)?.slice(1).map(Number) ?? []);
    expect((await validate(model, doubles[1]))[1]).toBeCloseTo(Math.max(...accuracies), 2);
  });

  test("[P16] [P19] accuracy is what counting by hand gives; probabilities sum to 1", async () => {
    const model = advanced();
    const [, percent] = await validate(model, loaders[1]);
    const { predicted, probabilities } = await inference(model, val[0]);
    const labels = [...val[1].dataSync()];
    expect(percent).toBeCloseTo(predicted.filter((label, at) => label === labels[at]).length, 9);
    for (const row of probabilities) expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    expect(predicted).toEqual(probabilities.map((row) => row.indexOf(Math.max(...row))));
    const optimizer = new optim.AdamW(model.parameters());
    const [loss, right] = await trainEpoch(model, loaders[0], optimizer);
    expect(loss).toBeGreaterThan(0);
    expect(right).toBeGreaterThan(0);
  });

  test("[P18] train and eval reach modules in modules", () => {
    const model = nn.sequential(new nn.Linear(2, 2), nn.sequential(new nn.Dropout(0.5), new nn.Linear(2, 1)));
    expect(
      model
        .eval()
        .modules()
        .map(({ training }) => training),
    ).not.toContain(true);
    expect(
      model
        .train()
        .modules()
        .map(({ training }) => training),
    ).not.toContain(false);
  });

  test("fit does the same: its losses are those of the script", async () => {
    const model = advanced();
    const optimizer = new optim.AdamW(model.parameters(), { lr: 1e-3, weightDecay: 0.01 });
    const length = 5;
    const cosine = callbacks.learningRateScheduler((epoch) => (1e-3 * (1 + Math.cos((Math.PI * epoch) / length))) / 2);
    const history = await fit(model, loaders[0], {
      optimizer,
      loss: losses.crossEntropy,
      metrics: { accuracy },
      epochs: length,
      clip: 1,
      callbacks: [cosine],
      validation: loaders[1],
      display: false,
    });
    const means = Array.from({ length }, (_, epoch) => {
      const steps = recorded.pytorch.losses.slice(10 * epoch, 10 * epoch + 10);
      return steps.reduce((sum, loss) => sum + loss, 0) / 10;
    });
    for (const [epoch, mean] of means.entries()) expect(Math.abs(history.loss[epoch]! - mean)).toBeLessThan(1e-4);
  });
});

describe("loops of GradientTape, line by line", () => {
  const dense = (): [nn.Module & { forward(x: Tensor): Tensor }, nn.Linear[]] => {
    const layers = [new nn.Linear(FEATURES, 32), new nn.Linear(32, CLASSES)] as nn.Linear[];
    fill(layers);
    return [nn.sequential(...([layers[0], new nn.ReLU(), layers[1]] as nn.Layer[])), layers];
  };
  const weights = (layers: readonly nn.Linear[]): number[] =>
    layers.flatMap(({ weight, bias }) => [...weight.dataSync(), ...bias!.dataSync()]);
  const expectWeights = (layers: readonly nn.Linear[], wanted: readonly number[]): void => {
    for (const [at, value] of wanted.entries()) expect(Math.abs(weights(layers)[at]! - value)).toBeLessThan(1e-4);
  };

  test("[P12] the plain loop: TensorFlow's losses for 50 steps and final weights, which are fit's too", async () => {
    const [lines, steps]: [string[], number[]] = [[], []];
    const [model, layers] = dense();
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.001, eps: 1e-7 });
    await trainPlainly(
      model,
      loaders[0],
      optimizer,
      5,
      (line) => void lines.push(line),
      (loss) => void steps.push(loss),
    );
    expectCurve(steps, recorded.gradientTape.losses);
    expectPrinted(lines, recorded.gradientTape.printed);
    expectWeights(layers, recorded.gradientTape.weights);
    const [again, others] = dense();
    await fit(again, loaders[0], {
      optimizer: new optim.Adam(again.parameters(), { lr: 0.001, eps: 1e-7 }),
      loss: losses.crossEntropy,
      epochs: 5,
      display: false,
    });
    for (const [at, value] of weights(others).entries()) expect(value).toBeCloseTo(weights(layers)[at]!, 5);
  });

  test("[P13] the compiled step with clipped gradients and metrics", async () => {
    const [lines, steps]: [string[], number[]] = [[], []];
    const [model, layers] = dense();
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.001, eps: 1e-7 });
    await trainWithMetrics(
      model,
      ...loaders,
      optimizer,
      { epochs: 5, clip: 0.05 },
      (line) => void lines.push(line),
      (loss) => void steps.push(loss),
    );
    expectCurve(steps, recorded.trainStep.losses);
    expectPrinted(lines, recorded.trainStep.printed);
    expectWeights(layers, recorded.trainStep.weights);
    for (const line of lines)
      expect(line).toMatch(/^Epoch \d\d: Train Loss=[\d.]+, Train Acc=[\d.]+, Val Loss=[\d.]+, Val Acc=[\d.]+$/);
    // The gradients of a step that was clipped.
    losses.crossEntropy(model.forward(train[0]), train[1]).backward();
    optim.clipGradNorms(model.parameters(), 0.001);
    for (const { grad } of model.parameters()) expect(Math.hypot(...grad!.dataSync())).toBeLessThan(0.001001);
  });
});
