// What is said about activations: tables, choices, curves, searches and dead units.
import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../core/errors.ts";
import { linspace, tensor } from "../../tensor/create.ts";
import { jit } from "../../tensor/jit.ts";
import { manualSeed } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import * as optim from "../../optim/index.ts";
import { fixed } from "../golden.testing.ts";
import * as tune from "../../train/tune/index.ts";
import * as nn from "../index.ts";
import * as losses from "../losses/index.ts";

const table = Object.entries(nn.activationProperties);

/** A formula of the table as a function. */
function read(formula: string): (x: number) => number {
  const conditional = (text: string): string => {
    const match = /^(.*?) if (.*?) else (.*)$/.exec(text);
    return match ? `(${match[2]}) ? (${match[1]}) : (${conditional(match[3]!)})` : text;
  };
  const code = conditional(formula)
    .replaceAll("−", "-")
    .replaceAll("·", "*")
    .replaceAll("²", "**2")
    .replace(/\|([^|]+)\|/g, "abs($1)")
    .replaceAll("√", "sqrt")
    .replaceAll("σ", "sigmoid")
    .replaceAll("ζ", "softplus");
  const erf = (x: number): number => tensor(Float64Array.of(x)).erf().itemSync();
  const known = {
    max: Math.max,
    min: Math.min,
    abs: Math.abs,
    sqrt: Math.sqrt,
    exp: Math.exp,
    ln: Math.log,
    tanh: Math.tanh,
    sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
    softplus: (x: number) => Math.log1p(Math.exp(x)),
    Φ: (x: number) => (1 + erf(x / Math.SQRT2)) / 2,
    φ: (x: number) => Math.exp(-x * x * 0.5) / Math.sqrt(2 * Math.PI),
    λ: 1.0507009873554805,
    α: 1.6732632423543772,
  };
  const made = new Function(...Object.keys(known), "x", `return ${code};`) as (...values: unknown[]) => number;
  return (x) => made(...Object.values(known), x);
}

describe("[G23] the table of properties", () => {
  const grid = linspace(-12, 12, 24_001, { dtype: "f64" });
  const density = grid
    .square()
    .mul(-0.5)
    .exp()
    .div(Math.sqrt(2 * Math.PI));

  it.each(table)("%s: formula, derivative, range, mean and flat sides are as measured", (name, said) => {
    const { x, value, slope } = nn.activationCurve(said.call, { from: -6.03, to: 6.17, points: 60 });
    const [formula, derivative] = [read(said.formula), read(said.derivative)];
    x.forEach((at, i) => {
      expect(value[i], `${name}(${at})`).toBeCloseTo(formula(at), 6);
      expect(slope[i], `${name}'(${at})`).toBeCloseTo(derivative(at), 6);
    });
    const values = said.call(grid);
    const [low, high] = said.range;
    const [least, most] = [values.min().itemSync(), values.max().itemSync()];
    expect(least).toBeGreaterThanOrEqual(low - 1e-6);
    expect(most).toBeLessThanOrEqual(high + 1e-6);
    // Softsign and squareplus come close slowly.
    if (Number.isFinite(low)) expect(least - low).toBeLessThan(0.1);
    else expect(least).toBeLessThan(-0.1);
    if (Number.isFinite(high)) expect(high - most).toBeLessThan(0.1);
    else expect(most).toBeGreaterThan(10);
    const mean = values.mul(density).sum().itemSync() * (24 / 24_000);
    expect(mean).toBeCloseTo(said.mean, 3);
    const far = nn.activationCurve(said.call, { from: -40, to: 40, points: 2 }).slope;
    const flat = [Math.abs(far[0]!) < 0.005, Math.abs(far[1]!) < 0.005];
    const sides = { left: [true, false], right: [false, true], both: [true, true], never: [false, false] };
    expect(flat).toEqual(sides[said.saturates]);
  });

  it("'zero-centred' is loose for ELU, Swish and Mish: means of 0.161, 0.207 and 0.240", () => {
    const means = ["elu", "silu", "mish"].map((name) => nn.activationProperties[name]!.mean);
    expect(means.map((mean) => mean.toFixed(3))).toEqual(["0.161", "0.207", "0.240"]);
  });
});

describe("[G25] curves", () => {
  it("values and slopes at 200 places from −5 to 5", () => {
    const { x, value, slope } = nn.activationCurve(nn.tanh);
    expect([x.length, x[0], x[199]]).toEqual([200, -5, 5]);
    x.forEach((at, i) => {
      expect(value[i]).toBeCloseTo(Math.tanh(at), 12);
      expect(slope[i]).toBeCloseTo(1 - Math.tanh(at) ** 2, 12);
    });
    expect(() => nn.activationCurve(nn.tanh, { points: 1 })).toThrow(ArgumentError);
  });
});

describe("choices", () => {
  it.each<[nn.Task, nn.ActivationName, losses.LossName]>([
    ["regression", "linear", "mse"],
    ["nonnegative regression", "relu", "mse"],
    ["binary classification", "sigmoid", "binary_crossentropy"],
    ["multi-class classification", "softmax", "sparse_categorical_crossentropy"],
    ["multi-label classification", "sigmoid", "binary_crossentropy"],
  ])("[G21] %s: %s with %s, and the loss of logits says the same", (task, activation, loss) => {
    const choice = nn.outputActivation(task);
    expect([choice.activation, choice.loss]).toEqual([activation, loss]);
    if (!choice.fromLogits) return;
    const z = fixed([4, 3], 1);
    const target = activation === "softmax" ? tensor(Int32Array.of(0, 2, 1, 1)) : fixed([4, 3], 2).gt(0).cast("f64");
    const said = losses.lossOf(choice.loss)(nn.activations[activation](z), target).itemSync();
    expect(losses.lossOf(choice.fromLogits)(z, target).itemSync()).toBeCloseTo(said, 10);
  });
  it.each<[nn.Situation | undefined, nn.ActivationName, RegExp]>([
    [undefined, "relu", /He/],
    ["dead units", "leaky_relu", /PReLU/],
    ["deep", "elu", /batch norm/],
    ["deep without normalisation", "selu", /LeCun.*without dropout/],
    ["transformer", "gelu", /SwiGLU/],
    ["mobile", "hard_swish", /quantisation/],
    ["accuracy", "swish", /Mish/],
  ])("[G22] hidden layers, %s: %s", (situation, activation, advice) => {
    const choice = nn.hiddenActivation(situation);
    expect(choice.activation).toBe(activation);
    expect(choice.advice).toMatch(advice);
  });
  it("what is unknown is an error that lists what is known", () => {
    expect(() => nn.outputActivation("clustering" as nn.Task)).toThrow(/"clustering" is unknown; one of regression,/);
    expect(() => nn.hiddenActivation("toString" as nn.Situation)).toThrow(ArgumentError);
  });
});

describe("[G24] search", () => {
  it("finds the function that made the data among 198 candidates", async () => {
    const x = fixed([64], 3).mul(3);
    const wanted = x.silu();
    const candidates = nn.activationCandidates();
    expect(Object.keys(candidates)).toHaveLength(198);
    const search = await tune.study({ f: tune.choice(Object.keys(candidates)) }, { sampler: tune.gridSearch() });
    const best = await search.run(({ f }) => losses.mse(candidates[f]!(x), wanted).item());
    expect([best.params.f, best.value]).toEqual(["x · σ(x)", 0]);
    expect(search.ranked()).toHaveLength(198);
  });
  it("trains a model with each; a diverging one comes last", async () => {
    const x = fixed([64, 1], 5).mul(2).float();
    const y = x.sin();
    const trained = (f: (x: Tensor) => Tensor): number => {
      manualSeed(3);
      const model = nn.sequential(new nn.Linear(1, 16), f, new nn.Linear(16, 1));
      const adam = new optim.Adam(model.parameters(), { lr: 0.03 });
      const step = jit(() => {
        const loss = losses.mse(model.forward(x), y);
        adam.zeroGrad();
        loss.backward();
        adam.step();
        return loss;
      });
      let loss = NaN;
      for (let i = 0; i < 100; i++) loss = step().itemSync();
      return loss;
    };
    const candidates: Record<string, (v: Tensor) => Tensor> = {
      linear: (v) => v,
      tanh: nn.tanh,
      broken: (v) => v.sub(1e9).log(),
    };
    const search = await tune.study({ f: tune.choice(Object.keys(candidates)) }, { sampler: tune.gridSearch() });
    await search.run(({ f }) => trained(candidates[f]!));
    expect(search.ranked().map(({ params }) => params.f)).toEqual(["tanh", "linear", "broken"]);
    expect(search.ranked()[2]!.state).toBe("failed");
  });
});

describe("[G26] dead units", () => {
  it("a planted unit with bias −100 is reported, and has no gradient; batches count together", () => {
    manualSeed(1);
    const first = new nn.Linear(3, 5);
    const model = nn.sequential(first, new nn.ReLU(), new nn.Linear(5, 2));
    first.bias!.cell.set(Float32Array.of(10, 10, -100, 10, 10));
    const [a, b] = [fixed([20, 3], 1).float(), fixed([20, 3], 2).float()];
    const found = nn.deadUnits(model, [a, b]);
    expect(found).toEqual([
      { path: "0", units: 5, dead: [], share: 0 },
      { path: "1", units: 5, dead: [2], share: 0.2 },
      { path: "2", units: 2, dead: [], share: 0 },
    ]);
    model.forward(a).square().sum().backward();
    const rows = first.weight.grad!.toArraySync() as number[][];
    expect(rows.map((row) => row.every((g) => g === 0))).toEqual([false, false, true, false, false]);
    expect(model.training).toBe(true);
  });
  it("channels of images; a unit that fires once is alive", () => {
    const model = nn.sequential(new nn.ReLU());
    const images = tensor(Float32Array.of(-1, -1, -1, 5), [1, 2, 1, 2]);
    expect(nn.deadUnits(model, [images])[0]).toEqual({ path: "0", units: 2, dead: [0], share: 0.5 });
    expect(nn.deadUnits(model, [images, images.neg()])[0]!.dead).toEqual([]);
    expect(nn.deadUnits(model, [images], { axis: -1 })[0]!.dead).toEqual([0]);
    expect(() => nn.deadUnits(model, [])).toThrow(/deadUnits: there are no batches/);
  });
});
