// Attention whose weights are never stored: the same as with all of them, forwards and backwards, in less memory.
import { describe, expect, test } from "vitest";
import { tensor } from "../tensor/create.ts";
import { spread } from "../tensor/devices.testing.ts";
import { explain } from "../tensor/explain.ts";
import { manualSeed } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { attend, type SharedOptions } from "./attention.ts";
import { parameter } from "./state.ts";
import { expectNumbers } from "./golden.testing.ts";

const numbers = (shape: readonly number[], seed: number): Tensor =>
  tensor(
    Float64Array.from(
      spread(
        shape.reduce((a, b) => a * b, 1),
        seed,
      ),
    ),
    [...shape],
    { dtype: "f64" },
  );

/** Outputs and gradients, without weights and with them. */
function both(shapes: readonly number[][], options: SharedOptions): readonly [Tensor[], Tensor[]] {
  const run = (output: (operands: readonly [Tensor, Tensor, Tensor]) => Tensor): Tensor[] => {
    manualSeed(3);
    const operands = shapes.map((shape, i) => parameter(numbers(shape, i + 1))) as unknown as [Tensor, Tensor, Tensor];
    const y = output(operands);
    y.mul(numbers(y.shape, 7)).sum().backward();
    return [y, ...operands.map((x) => x.grad!)];
  };
  return [
    run((operands) => attend("test", operands, options).output),
    run((operands) => attend("test", operands, { ...options, needWeights: true }).output),
  ];
}

describe("attention without its weights", () => {
  const CASES: Readonly<Record<string, { shapes: number[][]; options: () => SharedOptions }>> = {
    causal: {
      shapes: [
        [2, 300, 6],
        [2, 300, 6],
        [2, 300, 5],
      ],
      options: () => ({ masks: [], isCausal: true }),
    },
    "not causal": {
      shapes: [
        [257, 6],
        [100, 6],
        [100, 5],
      ],
      options: () => ({ masks: [] }),
    },
    "causal over fewer keys": {
      shapes: [
        [300, 6],
        [90, 6],
        [90, 5],
      ],
      options: () => ({ masks: [], isCausal: true }),
    },
    "shared heads": {
      shapes: [
        [1, 4, 260, 6],
        [1, 2, 260, 6],
        [1, 2, 260, 6],
      ],
      options: () => ({ masks: [], isCausal: true, enableGqa: true }),
    },
    "masks of keys and of numbers": {
      shapes: [
        [2, 256, 6],
        [2, 256, 6],
        [2, 256, 6],
      ],
      options: () => ({
        masks: [numbers([2, 1, 256], 5).gt(0.2), numbers([256, 256], 6).detach()] as Tensor[],
        isCausal: true,
        scale: 0.7,
      }),
    },
  };
  for (const [name, { shapes, options }] of Object.entries(CASES))
    test(`${name}: as with them`, () => {
      const [without, whole] = both(shapes, options());
      without.forEach((x, i) => expectNumbers(`${name} ${i}`, x, [...whole[i]!.dataSync()], 1e-11));
    });

  test("drops the share of weights that it was told to", () => {
    const x = numbers([512, 4], 1).detach();
    const ones = x.mul(0).add(1);
    manualSeed(1);
    const y = attend("test", [x, x, ones], { masks: [], dropout: 0.25 }).output;
    // Weights sum to 1: what is left of them is 1 on average.
    expect(Math.abs(y.mean().itemSync() - 1)).toBeLessThan(0.01);
    expect(y.sub(1).abs().max().itemSync()).toBeGreaterThan(0.01);
  });

  test("needs no memory for weights, and leaves out what causal queries do not see", () => {
    const x = numbers([1024, 64], 1).detach().cast("f32");
    const [without, whole] = [false, true].map((needWeights) =>
      explain((q: Tensor) => attend("test", [q, q, q], { masks: [], isCausal: true, needWeights }).output, x),
    ) as [ReturnType<typeof explain>, ReturnType<typeof explain>];
    expect(without.flops).toBeLessThan(0.55 * whole.flops);
    expect(without.scratchBytes).toBe(0);
    expect(whole.scratchBytes).toBeGreaterThanOrEqual(1024 * 1024 * 4);
  });

  test("gradients need no memory for weights either", () => {
    const length = 512;
    const operands = [1, 2, 3].map((seed) => parameter(numbers([length, 16], seed).cast("f32"))) as unknown as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const step = (x: Tensor): Tensor[] => {
      const y = attend("test", operands, { masks: [], isCausal: true, dropout: 0.1 }).output;
      y.mul(x).sum().backward();
      return operands.map((operand) => operand.grad!);
    };
    const x = numbers([length, 16], 4).detach().cast("f32");
    expect(explain(step, x).scratchBytes).toBeLessThan(length * length);
  });
});
