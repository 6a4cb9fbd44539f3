// What tests of tensors share.
import { beforeAll, describe, expect } from "vitest";
import { sizeOf, type Shape } from "../core/shape.ts";
import { tensor } from "./create.ts";
import { setDevice } from "./engine.ts";
import type { Tensor } from "./tensor.ts";

/** Runs the same tests on the device that defines meaning and on the one that everybody gets. */
export function onEachDevice(tests: () => void): void {
  describe.each(["reference", "wasm"])("%s", (device) => {
    beforeAll(() => setDevice(device));
    tests();
  });
}

type Numbers = number | readonly Numbers[];

const flat = (values: Numbers): number[] => (typeof values === "number" ? [values] : values.flatMap(flat));
const shapeOf = (values: Numbers): number[] =>
  typeof values === "number" ? [] : [values.length, ...(values.length ? shapeOf(values[0]!) : [])];

/** Shape and elements are as expected, to a tolerance relative to the larger of 1 and the number. */
export function expectClose(x: Tensor, expected: Numbers, tolerance: number = 1e-6): void {
  expect(x.shape).toEqual(shapeOf(expected));
  const got = x.dataSync();
  flat(expected).forEach((want, i) => {
    const distance = Object.is(got[i], want) ? 0 : Math.abs(got[i]! - want);
    if (!(distance <= tolerance * Math.max(1, Math.abs(want))) && !(Number.isNaN(want) && Number.isNaN(got[i])))
      expect.fail(`element ${i} is ${got[i]}, expected ${want}, in\n${x}`);
  });
}

/** A reproducible array of numbers in (−1, 1), no two alike: the same on every device and in every run. */
export function spread(count: number, seed: number = 1): number[] {
  return Array.from({ length: count }, (_, i) => ((i * 0.6180339887498949 + seed * 0.7548776662466927) % 1) * 2 - 1);
}

/** `spread` as a tensor of f64. */
export function fixed(shape: Shape, seed: number = 1): Tensor {
  return tensor(Float64Array.from(spread(sizeOf(shape), seed)), [...shape]);
}
