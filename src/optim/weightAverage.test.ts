import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ArgumentError, FormatError } from "../core/errors.ts";
import { expectNumbers, spread } from "../nn/golden.testing.ts";
import * as nn from "../nn/index.ts";
import { tensor } from "../tensor/create.ts";
import { jit } from "../tensor/jit.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { SGD } from "./sgd.ts";
import { WeightAverage } from "./weightAverage.ts";

type Recorded = readonly Readonly<Record<string, readonly number[]>>[];
const golden = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/averaging.json", import.meta.url), "utf8"),
) as { readonly ema: Recorded; readonly swa: Recorded };

const bits = (model: nn.Module): number[] => Object.values(model.stateDict()).flatMap((value) => [...value.dataSync()]);

describe("averages of weights", () => {
  test.each([
    ["ema", 0.9],
    ["swa", undefined],
  ] as const)("%s is PyTorch's, traced and untraced, by the same names", (name, decay) => {
    for (const traced of [false, true]) {
      const model = new nn.Linear(3, 2, { dtype: "f64" });
      const average = new WeightAverage(model, { decay });
      const update = traced ? jit(() => average.update()) : (): void => average.update();
      for (const [step, wanted] of golden[name].entries()) {
        model.parameters().forEach(({ cell }, i) => cell.set(spread(cell.shape, 10 * step + i)));
        update();
        const state = average.stateDict();
        expect(Object.keys(state)).toEqual(Object.keys(wanted));
        for (const [path, numbers] of Object.entries(wanted)) expectNumbers(path, state[path]!, numbers, 1e-9);
      }
      expect(average.count).toBe(golden[name].length);
    }
  });

  test("is evaluated in place of the weights, which are the same bits afterwards, also when that throws", async () => {
    const model = new nn.Linear(3, 2);
    const average = new WeightAverage(model, { decay: 0.5 });
    const first = bits(model);
    average.update();
    const optimizer = new SGD(model.parameters(), { lr: 0.1 });
    const step = jit((x: Tensor) => {
      optimizer.zeroGrad();
      model.forward(x).square().mean().backward();
      optimizer.step();
      average.update();
    });
    const x = tensor([[1, 2, 3]]);
    step(x);
    const trained = bits(model);
    const between = await average.use(() => {
      expect(average.swapped).toBe(true);
      expect(() => average.update()).toThrow(/the model has the average now; swap it back first/);
      expect(() => average.stateDict()).toThrow(ArgumentError);
      return bits(model);
    });
    between.forEach((value, i) => expect(value).toBeCloseTo((first[i]! + trained[i]!) / 2, 6));
    expect(bits(model)).toEqual(trained);
    await expect(average.use(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(bits(model)).toEqual(trained);
    // A traced step goes on with the weights that are trained.
    step(x);
    expect(average.count).toBe(3);
  });

  test("buffers are averaged where that is asked for", () => {
    const model = new nn.BatchNorm1d(2);
    const average = new WeightAverage(model, { buffers: true });
    for (const mean of [1, 3]) {
      model.running!.mean.assign(tensor([mean, -mean]));
      average.update();
    }
    expect([...average.stateDict()["module.running_mean"]!.dataSync()]).toEqual([2, -2]);
    expect(Object.keys(new WeightAverage(model).stateDict())).toEqual(["n_averaged", "module.weight", "module.bias"]);
  });

  test("state goes on in another one, all of it or nothing", () => {
    const model = new nn.Linear(3, 2);
    const [one, two] = [new WeightAverage(model, { decay: 0.9 }), new WeightAverage(model, { decay: 0.9 })];
    one.update();
    two.loadStateDict(one.stateDict());
    model.weight.assign(tensor(spread([2, 3], 4), [2, 3]).float());
    one.update();
    two.update();
    expect(two.stateDict()["module.weight"]!.dataSync()).toEqual(one.stateDict()["module.weight"]!.dataSync());
    const { n_averaged: _, ...partial } = one.stateDict();
    expect(() => two.loadStateDict(partial)).toThrow(FormatError);
    expect(() => two.loadStateDict(partial)).toThrow(/the average and of the state differ: missing: n_averaged/);
  });

  test("what makes no sense is refused", () => {
    expect(() => new WeightAverage(new nn.Linear(2, 2), { decay: 1 })).toThrow(/decay must lie in \[0, 1\), got 1/);
    expect(() => new WeightAverage(new nn.ReLU())).toThrow(/has no weights to average/);
    expect(() => new WeightAverage(new nn.Linear(2, 2)).swap()).toThrow(/no average before the first update/);
  });
});
