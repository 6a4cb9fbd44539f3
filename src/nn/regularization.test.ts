// What keeps a model from learning its data by heart, on small data that are easy to learn by heart.
import { describe, expect, it } from "vitest";
import { HostRandom } from "../core/random.ts";
import * as optim from "../optim/index.ts";
import { noGrad } from "../tensor/autodiff.ts";
import { tensor } from "../tensor/create.ts";
import { jit } from "../tensor/jit.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { accuracy } from "../train/metrics.ts";
import * as nn from "./index.ts";
import * as losses from "./losses/index.ts";

const [FEATURES, CLASSES] = [12, 3];

interface Data {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** Normal numbers; the class is the largest of the first three of them, each with noise. */
function data(seed: number, count: number, noise: number): Data {
  const random = new HostRandom(seed);
  const x = Float32Array.from({ length: count * FEATURES }, () => random.normal());
  const y = Int32Array.from({ length: count }, (_, i) => {
    const scores = [0, 1, 2].map((j) => x[i * FEATURES + j]! + noise * random.normal());
    return scores.indexOf(Math.max(...scores));
  });
  return { x: tensor(x, [count, FEATURES]), y: tensor(y) };
}

type Network = nn.Module & { forward(x: Tensor): Tensor };

/** One hidden layer, with others in front of it and behind it. */
function network(seed: number, width: number, before: nn.Layer[] = [], after: nn.Layer[] = []): Network {
  manualSeed(seed);
  return nn.sequential(...before, new nn.Linear(FEATURES, width), ...after, nn.relu, new nn.Linear(width, CLASSES));
}

function train(model: Network, steps: number, loss: (outputs: Tensor) => Tensor, x: Tensor): Network {
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.02 });
  const step = jit(() => {
    optimizer.zeroGrad();
    loss(model.forward(x)).backward();
    optimizer.step();
  });
  for (let i = 0; i < steps; i++) step();
  model.eval();
  return model;
}

const fitted = (model: Network, { x, y }: Data, steps: number): Network =>
  train(model, steps, (outputs) => losses.crossEntropy(outputs, y), x);
const rightly = (model: Network, { x, y }: Data): number => noGrad(() => accuracy(model.forward(x), y)).itemSync();
const costs = (model: Network, { x, y }: Data): number =>
  noGrad(() => losses.crossEntropy(model.forward(x), y)).itemSync();

describe("with noisy labels", () => {
  const [known, fresh] = [data(1, 60, 0.7), data(2, 600, 0.7)];
  const gap = (before: nn.Layer[], after: nn.Layer[]): number => {
    const model = fitted(network(3, 32, before, after), known, 150);
    return costs(model, fresh) - costs(model, known);
  };

  it("[L12] noise and batch norm narrow the gap between the data known and fresh ones", () => {
    const plain = gap([], []);
    expect(plain).toBeGreaterThan(1);
    expect(gap([], [new nn.BatchNorm1d(32)])).toBeLessThan(plain);
    expect(gap([new nn.GaussianNoise(0.5)], [])).toBeLessThan(plain);
  });

  it("[L13] an ensemble is right at least as often as its members are on average", () => {
    const members = [4, 5, 6, 7, 8].map((seed) => fitted(network(seed, 16), known, 100));
    const alone = members.map((member) => rightly(member, fresh));
    const shares = noGrad(() => members.map((member) => member.forward(fresh.x).softmax()).reduce((a, b) => a.add(b)));
    const together = accuracy(shares, fresh.y).itemSync();
    expect(new Set(alone).size).toBeGreaterThan(1);
    expect(together).toBeGreaterThanOrEqual(alone.reduce((a, b) => a + b) / alone.length);
  });
});

it("[L14] a small network learns more from a teacher's answers than from few labels", () => {
  const [few, fresh] = [data(9, 40, 0), data(10, 1000, 0)];
  const teacher = fitted(network(11, 64), data(12, 2000, 0), 150);
  const scratch = fitted(network(13, 6), few, 150);
  // What the teacher says of inputs that nobody has labelled.
  const { x } = data(14, 1000, 0);
  const answers = noGrad(() => teacher.forward(x));
  const student = train(network(13, 6), 150, (outputs) => losses.distillation(outputs, answers), x);
  const [taught, alone] = [rightly(student, fresh), rightly(scratch, fresh)];
  expect(rightly(teacher, fresh)).toBeGreaterThan(0.9);
  expect(taught).toBeGreaterThan(alone + 0.05);
});
