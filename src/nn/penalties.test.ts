import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import * as losses from "./losses/index.ts";
import { AdamW, SGD } from "../optim/index.ts";
import { full, randn, tensor } from "../tensor/create.ts";
import { onEachDevice } from "../tensor/devices.testing.ts";
import { gradCheck } from "../tensor/grad-check.ts";
import { jit } from "../tensor/jit.ts";
import { parameter } from "./state.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectNumbers, fixed, fixedParameter } from "./golden.testing.ts";
import * as nn from "./index.ts";

const { constraints, regularizers } = nn;

interface Golden {
  readonly name: string;
  readonly shape: readonly number[];
  readonly options: Readonly<Record<string, never>>;
  readonly value: readonly number[];
  readonly gradient: readonly number[];
}

/** What tools/goldens/penalties.py recorded. */
const goldens = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/penalties.json", import.meta.url), "utf8"),
) as { readonly regularizers: readonly Golden[]; readonly constraints: readonly Golden[] };

/** Keras casts to single precision in some of these, whatever it was given. */
const SINGLE = 1e-6;

const REGULARIZERS: Readonly<Record<string, (options: Golden["options"]) => nn.regularizers.Regularizer>> = {
  L1: (options) => regularizers.l1(options["l1"]),
  L2: (options) => regularizers.l2(options["l2"]),
  L1L2: (options) => regularizers.l1l2(options),
  OrthogonalRegularizer: (options) => regularizers.orthogonal(options),
};

const CONSTRAINTS: Readonly<Record<string, (options: Golden["options"]) => nn.constraints.Constraint>> = {
  MaxNorm: ({ max_value: maximum, ...options }) => constraints.maxNorm(maximum, options),
  NonNeg: () => constraints.nonNegative(),
  UnitNorm: (options) => constraints.unitNorm(options),
  MinMaxNorm: ({ min_value: minimum, max_value: maximum, ...options }) =>
    constraints.minMaxNorm({ ...(minimum === undefined ? {} : { minimum, maximum }), ...options }),
};

const IDS: Readonly<Record<string, string>> = { L1: "[L2] ", L2: "[L1] ", MaxNorm: "[L15] " };
const titled = (golden: Golden) =>
  [
    `${IDS[golden.name] ?? ""}${golden.name} ${JSON.stringify(golden.options)} of ${golden.shape.join("×")}`,
    golden,
  ] as const;

onEachDevice(() => {
  describe("regularizers are Keras's", () => {
    it.each(goldens.regularizers.map(titled))("%s", (_, { name, shape, options, value, gradient }) => {
      const regularizer = REGULARIZERS[name]!(options);
      const x = fixedParameter(shape, 1, 3);
      const penalty = regularizer(x);
      penalty.backward();
      expectNumbers("penalty", penalty, value, SINGLE);
      expectNumbers("gradient", x.grad!, gradient, SINGLE);
      gradCheck((at: Tensor) => regularizer(at), [fixed(shape, 5)]);
    });
  });

  describe("constraints are Keras's", () => {
    it.each(goldens.constraints.map(titled))("%s", (_, { name, shape, options, value }) => {
      const x = fixedParameter(shape, 1, 3);
      constraints.apply([x], CONSTRAINTS[name]!(options));
      expectNumbers("value", x, value, SINGLE);
    });
    it("norms are those of the weights into a unit, of vectors as a whole", () => {
      const [weight, bias] = [
        parameter(tensor(Float64Array.of(3, 4, 0.3, 0.4), [2, 2])),
        parameter(tensor(Float64Array.of(3, 4), [2])),
      ];
      constraints.apply([weight, bias], constraints.maxNorm(1));
      expectNumbers("weight", weight, [0.6, 0.8, 0.3, 0.4], 1e-6);
      expectNumbers("bias", bias, [0.6, 0.8], 1e-6);
    });
  });

  it("[L1] λΣw² is added to the loss, 2λw to the gradient", () => {
    const w = parameter(tensor(Float64Array.of(1, -2, 3), [3]));
    const loss = w
      .sum()
      .mul(0)
      .add(regularizers.penalty([w], regularizers.l2(1e-4)));
    loss.backward();
    expect(loss.itemSync()).toBeCloseTo(14e-4, 12);
    expectNumbers("gradient", w.grad!, [2e-4, -4e-4, 6e-4], 1e-12);
    const both = regularizers.penalty([w, w], regularizers.l1(0.5));
    expect(both.itemSync()).toBeCloseTo(6, 12);
  });
});

/** Fits y = 3·x₀ − 2·x₁ + noise from ten inputs, with a penalty; gives the weights. */
function lagged(regularizer: nn.regularizers.Regularizer): Float64Array {
  manualSeed(3);
  const x = randn([200, 10]).cast("f64");
  const truth = tensor(Float64Array.of(3, -2, 0, 0, 0, 0, 0, 0, 0, 0));
  const y = x.matmul(truth).add(randn([200]).mul(0.1));
  const w = parameter(tensor(new Float64Array(10).fill(0.5), [10]));
  const optimizer = new SGD([w], { lr: 0.05 });
  const step = jit(() => {
    optimizer.zeroGrad();
    const loss = losses.mse(x.matmul(w), y).add(regularizers.penalty([w], regularizer));
    loss.backward();
    optimizer.step();
  });
  for (let i = 0; i < 400; i++) {
    if (i === 300) optimizer.lr = 0.001;
    step();
  }
  return w.dataSync() as Float64Array;
}

describe("in training", () => {
  it("[L2] [L16] the lasso drives irrelevant lags to 0, ridge does not", () => {
    const largest = (w: Float64Array): number => Math.max(...w.slice(2).map(Math.abs));
    const lasso = lagged(regularizers.l1(0.1));
    expect(largest(lasso)).toBeLessThan(1e-3);
    expect([lasso[0], lasso[1]]).toEqual([expect.closeTo(2.95, 1), expect.closeTo(-1.95, 1)]);
    expect(largest(lagged(regularizers.l2(1e-3)))).toBeGreaterThan(3e-3);
  });
  it("[L15] norms are at most c after every step, inside one traced program", () => {
    manualSeed(1);
    const model = nn.sequential(new nn.Linear(6, 8), nn.relu, new nn.Linear(8, 3));
    const optimizer = new AdamW(model.parameters(), { lr: 0.1 });
    const weights = model.parameters().filter((p) => p.rank === 2);
    const step = jit((x: Tensor, y: Tensor) => {
      const loss = losses.crossEntropy(model.forward(x as Tensor<[number, 6]>), y);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      constraints.apply(weights, constraints.maxNorm(0.5));
      return loss;
    });
    const [x, y] = [randn([12, 6]), tensor(Int32Array.from({ length: 12 }, (_, i) => i % 3))];
    for (let i = 0; i < 10; i++) {
      step(x, y);
      for (const weight of weights) expect(Math.max(...weight.norm(1).dataSync())).toBeLessThanOrEqual(0.5 + 1e-6);
    }
    expect(step.variants).toHaveLength(1);
  });
});

it("names, and what is refused", () => {
  const w = full([2], 2);
  expect(regularizers.named("l1_l2")(w).itemSync()).toBeCloseTo(0.12, 6);
  expect([...constraints.named("unit_norm")(w).dataSync()][0]).toBeCloseTo(Math.SQRT1_2, 6);
  expect([...constraints.named("NonNeg")(w.neg()).dataSync()]).toEqual([0, 0]);
  const refused = (make: () => unknown, kind: new (...args: never[]) => Error, message: RegExp): void => {
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
  };
  refused(() => regularizers.named("l3"), ArgumentError, /no "l3" is known/);
  refused(() => constraints.named("norm"), ArgumentError, /no "norm" is known/);
  refused(() => regularizers.l1(-1), ArgumentError, /l1: the factor must be a number of 0 or more, got -1/);
  refused(() => regularizers.penalty([], regularizers.l1()), ArgumentError, /got no parameters/);
  refused(() => regularizers.orthogonal()(w), ShapeError, /needs a matrix with two rows or more, got \[2\]/);
  refused(() => constraints.maxNorm(-1), ArgumentError, /the maximum must be 0 or more, got -1/);
  refused(() => constraints.minMaxNorm({ rate: 2 }), ArgumentError, /a rate in \[0, 1\], got 0, 1 and 2/);
});
