// Fixed numbers, as tools/goldens/nn.py makes them, and what PyTorch made of them.
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { sizeOf, type Shape } from "../core/shape.ts";
import { tensor } from "../tensor/create.ts";
import { parameter } from "./state.ts";
import type { Parameter } from "../tensor/parameter.ts";
import type { Tensor } from "../tensor/tensor.ts";

export { fixed } from "../tensor/devices.testing.ts";

type Numbers = readonly number[];

export interface GoldenLayer {
  readonly outputs: readonly Numbers[];
  readonly inputGradients: readonly Numbers[];
  readonly parameterGradients: Readonly<Record<string, Numbers>>;
  readonly buffers: Readonly<Record<string, Numbers>>;
}

export interface Goldens {
  readonly torch: string;
  readonly layers: Readonly<Record<string, GoldenLayer>>;
  readonly losses: Readonly<Record<string, { readonly value: Numbers; readonly gradients: readonly Numbers[] }>>;
  readonly clipGradNorm: Readonly<Record<string, { readonly norm: Numbers; readonly gradients: readonly Numbers[] }>>;
}

/** What tools/goldens/nn.py recorded. */
export const goldens: Goldens = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/nn.json", import.meta.url), "utf8"),
) as Goldens;

/** Numbers in (−1, 1), no two alike. */
export function spread(shape: Shape, seed: number, scale: number = 1): Float64Array {
  return Float64Array.from(
    { length: sizeOf(shape) },
    (_, i) => (((i * 0.6180339887498949 + seed * 0.7548776662466927) % 1) * 2 - 1) * scale,
  );
}

/** Fixed numbers as a parameter of f64, so that their gradient is kept. */
export function fixedParameter(shape: Shape, seed: number, scale: number = 1): Parameter {
  return parameter(tensor(spread(shape, seed, scale), [...shape]));
}

/** Elements agree with recorded numbers, to a tolerance relative to the larger of 1 and the number. */
export function expectNumbers(what: string, got: Tensor | ArrayLike<number>, wanted: Numbers, tolerance: number): void {
  const values = "dataSync" in got ? got.dataSync() : got;
  expect(values.length, `${what}: number of elements`).toBe(wanted.length);
  wanted.forEach((value, i) => {
    const distance = Math.abs(values[i]! - value);
    if (!(distance <= tolerance * Math.max(1, Math.abs(value))))
      expect.fail(`${what}: element ${i} is ${values[i]}, PyTorch has ${value}`);
  });
}
