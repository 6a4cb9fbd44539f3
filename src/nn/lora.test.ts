import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ArgumentError, FormatError } from "../core/errors.ts";
import * as optim from "../optim/index.ts";
import { tensor } from "../tensor/create.ts";
import { jit } from "../tensor/jit.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectNumbers, fixed, spread } from "./golden.testing.ts";
import * as nn from "./index.ts";

const golden = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/lora.json", import.meta.url), "utf8"),
) as Readonly<{
  names: Record<string, number[]>;
  output: number[];
  gradients: Record<string, number[]>;
  merged: Record<string, number[]>;
}>;

class Net extends nn.Module {
  fc1: nn.Linear;
  fc2: nn.Linear;

  constructor(dtype: "f32" | "f64" = "f32") {
    super();
    this.fc1 = new nn.Linear(5, 4, { dtype });
    this.fc2 = new nn.Linear(4, 3, { dtype });
  }

  forward(x: Tensor): Tensor {
    return this.fc2.forward(this.fc1.forward(x).relu());
  }
}

const values = (model: nn.Module): number[] =>
  Object.values(model.stateDict()).flatMap((value) => [...value.dataSync()]);

describe("low-rank adapters", () => {
  test("names, outputs, gradients and merged weights are PEFT's", () => {
    const model = new Net("f64");
    [...model.namedParameters()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .forEach(([, { cell }], i) => cell.set(spread(cell.shape, i + 1)));
    const lora = nn.lora.add(model, { rank: 2, alpha: 3 });
    const state = lora.stateDict();
    expect(Object.fromEntries(Object.entries(state).map(([name, { shape }]) => [name, [...shape]]))).toEqual(
      golden.names,
    );
    lora.loadStateDict(
      Object.fromEntries(
        Object.entries(state)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, { shape }], i) => [name, fixed([...shape], 11 + i)]),
      ),
    );
    const output = model.forward(fixed([2, 5], 101));
    expectNumbers("output", output, golden.output, 1e-9);
    output.square().sum().backward();
    const parameters = model.namedParameters();
    expect(Object.keys(golden.gradients).length).toBe(4);
    for (const [name, numbers] of Object.entries(golden.gradients)) {
      const path = name.replace("base_model.model.", "").replace(".default", "");
      expectNumbers(path, parameters.get(path)!.grad!, numbers, 1e-9);
    }
    lora.merge();
    expectNumbers("merged output", model.forward(fixed([2, 5], 101)), golden.output, 1e-9);
    lora.remove();
    expect(Object.keys(model.stateDict()).sort()).toEqual(Object.keys(golden.merged).sort());
    for (const [name, numbers] of Object.entries(golden.merged))
      expectNumbers(name, model.stateDict()[name]!, numbers, 1e-9);
  });

  test("at first the model says what it said; training moves the adapters only; unmerging brings back every bit", () => {
    const model = new Net();
    const x = fixed([6, 5], 7).float();
    const before = [...model.forward(x).dataSync()];
    const base = values(model);
    const lora = nn.lora.add(model, { rank: 2, match: /fc/ });
    expect([...model.forward(x).dataSync()]).toEqual(before);
    const optimizer = new optim.AdamW(lora.parameters(), { lr: 0.05 });
    const step = jit((input: Tensor) => {
      optimizer.zeroGrad();
      const loss = model.forward(input).sub(1).square().mean();
      loss.backward();
      optimizer.step();
      return loss;
    });
    const losses = Array.from({ length: 40 }, () => step(x).itemSync());
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 20);
    const own = (name: string): boolean => !name.includes("lora");
    const state = Object.entries(model.stateDict());
    expect(state.filter(([name]) => own(name)).flatMap(([, value]) => [...value.dataSync()])).toEqual(base);
    const trained = [...model.forward(x).dataSync()];
    lora.merge();
    lora.merge();
    model
      .forward(x)
      .dataSync()
      .forEach((value, i) => expect(value).toBeCloseTo(trained[i]!, 5));
    lora.unmerge();
    expect([...model.forward(x).dataSync()]).toEqual(trained);
    lora.remove();
    expect([...model.forward(x).dataSync()]).toEqual(before);
    expect(values(model)).toEqual(base);
  });

  test("only the layers that are meant; dropout acts on the adapters' input while training", () => {
    const model = new Net();
    const lora = nn.lora.add(model, { match: "fc2", dropout: 0.9 });
    expect(lora.paths).toEqual(["fc2"]);
    expect(model.parameters().filter(({ requiresGrad }) => requiresGrad).length).toBe(2);
    const state = Object.fromEntries(
      Object.entries(lora.stateDict()).map(([name, { shape }]) => [name, tensor(spread(shape, 3), [...shape]).float()]),
    );
    lora.loadStateDict(state);
    const x = fixed([6, 5], 7).float();
    const runs = (): number => new Set(Array.from({ length: 4 }, () => model.forward(x).dataSync().join())).size;
    expect(runs()).toBeGreaterThan(1);
    model.eval();
    expect(runs()).toBe(1);
  });

  test("what makes no sense is refused, and nothing is changed", () => {
    const model = new Net();
    const refused: [nn.lora.LoraOptions, RegExp][] = [
      [{ rank: 0 }, /rank must be a whole number of 1 or more, got 0/],
      [{ alpha: NaN }, /alpha must be a number, got NaN/],
      [{ match: "fc3" }, /lora.add: nothing is called fc3; there is fc1, fc2/],
    ];
    for (const [options, message] of refused) expect(() => nn.lora.add(model, options)).toThrow(message);
    expect(() => nn.lora.add(new nn.ReLU())).toThrow(/has no linear layers/);
    expect(model.parameters().every(({ requiresGrad }) => requiresGrad)).toBe(true);
    const lora = nn.lora.add(model);
    expect(() => nn.lora.add(model, { match: "fc1" })).toThrow(ArgumentError);
    expect(() => nn.lora.add(model, { match: "fc1" })).toThrow(/fc1 has an adapter already; remove it first/);
    expect(() => lora.loadStateDict({})).toThrow(FormatError);
  });
});
