// Functions of tensors held against what tools/goldens/functions.py recorded, with gradients, in f64 and in f32.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fixed, fixedParameter, expectNumbers } from "../nn/golden.testing.ts";
import { onEachDevice } from "./devices.testing.ts";
import type { Tensor } from "./tensor.ts";

interface Recorded {
  readonly shapes: readonly (readonly number[])[];
  readonly outputs: readonly (readonly [shape: readonly number[], values: readonly number[]])[];
  readonly gradients?: readonly (readonly number[])[];
}

const goldens = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/functions.json", import.meta.url), "utf8"),
) as Record<string, Record<string, Recorded>>;

export type RecordedFunction = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/** One test for each recorded case of a group, which must all be there. */
export function expectRecorded(group: string, functions: Readonly<Record<string, RecordedFunction>>): void {
  const cases = goldens[group]!;
  test(`${group}: every recorded case is tested`, () => expect(Object.keys(functions)).toEqual(Object.keys(cases)));
  onEachDevice(() => {
    describe(`${group} as in PyTorch`, () => {
      test.each(Object.entries(functions))("%s", (name, f) => {
        const { shapes, outputs, gradients } = cases[name]!;
        const inputs = shapes.map((shape, i) => fixedParameter(shape, 101 + i));
        const results = [f(...inputs)].flat() as Tensor[];
        expect(results.map((x) => x.shape)).toEqual(outputs.map(([shape]) => shape));
        results.forEach((x, i) => expectNumbers(`output ${i}`, x, outputs[i]![1], 1e-8));
        const narrow = [f(...shapes.map((shape, i) => fixed(shape, 101 + i).float()))].flat() as Tensor[];
        narrow.forEach((x, i) => expectNumbers(`output ${i} in f32`, x, outputs[i]![1], 1e-5));
        if (!gradients) return;
        results
          .flatMap((x, i) => (x.requiresGrad ? [x.mul(fixed(x.shape, 201 + i)).sum()] : []))
          .reduce((a, b) => a.add(b))
          .backward();
        inputs.forEach((x, i) =>
          expectNumbers(`gradient of input ${i}`, x.grad ?? x.detach().mul(0), gradients[i]!, 1e-8),
        );
      });
    });
  });
}
