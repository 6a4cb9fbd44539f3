import { describe, expect, test } from "vitest";
import { celu, grad, gradCheck, linspace, step, tensor, type Tensor } from "../../index.ts";
import { expectClose, onEachDevice, spread } from "../devices.testing.ts";

const f64 = (...values: number[]): Tensor<[number]> => tensor(Float64Array.from(values));
const at = (f: (x: Tensor) => Tensor, x: number): number => f(f64(x)).itemSync();
const slope = (f: (x: Tensor) => Tensor, x: number): number => grad((v: Tensor) => f(v).sum())(f64(x)).itemSync();

onEachDevice(() => {
  describe("values", () => {
    test("[G1] sigmoid: 0.5 at 0, 0.731059 at 1, finite at ±1000", () => {
      expect(at((x) => x.sigmoid(), 0)).toBe(0.5);
      expect(at((x) => x.sigmoid(), 1)).toBeCloseTo(0.7310585786300049, 12);
      expectClose(tensor([-1000, 1000, NaN, -Infinity, Infinity]).sigmoid(), [0, 1, NaN, 0, 1]);
      // Far out on the left the value is small, not zero, and right to its last digits.
      expectClose(tensor([-80]).sigmoid().log(), [-80], 1e-6);
    });

    test("[G2] tanh(1) = 0.761594", () => {
      expect(at((x) => x.tanh(), 1)).toBeCloseTo(0.7615941559557649, 12);
    });

    test("[G3] relu [-1, 0, 2] = [0, 0, 2] with gradient [0, 0, 1]; NaN passes", () => {
      const x = tensor([-1, 0, 2, NaN]);
      expectClose(x.relu(), [0, 0, 2, NaN]);
      expectClose(grad((v: Tensor) => v.relu().sum())(tensor([-1, 0, 2])), [0, 0, 1]);
      expect(tensor([-3, 3], { dtype: "i32" }).relu().toArraySync()).toEqual([0, 3]);
    });

    test("[G4] leaky relu: f(-2) = -0.02", () => {
      expect(at((x) => x.leakyRelu(), -2)).toBe(-0.02);
      expect(at((x) => x.leakyRelu(0.2), -2)).toBe(-0.4);
      expect(at((x) => x.leakyRelu(), 3)).toBe(3);
    });

    test("[G6] [G7] elu(-1) = -0.632121, selu(1) = 1.0507, selu's floor -1.7581", () => {
      expect(at((x) => x.elu(), -1)).toBeCloseTo(-0.6321205588285577, 12);
      expect(at((x) => x.elu(2), -1)).toBeCloseTo(-1.2642411176571153, 12);
      expect(at((x) => x.selu(), 1)).toBeCloseTo(1.0507009873554805, 12);
      expect(at((x) => x.selu(), -50)).toBeCloseTo(-1.7580993408473766, 12);
      expect(at((x) => celu(x, 2), -1)).toBeCloseTo(2 * Math.expm1(-0.5), 12);
      expect(at((x) => celu(x), 3)).toBe(3);
    });

    test("[G8] [AK2] gelu(1) = 0.841345; its minimum is -0.169971 at -0.7518, not -∞", () => {
      expect(at((x) => x.gelu(), 1)).toBeCloseTo(0.8413447460685429, 7);
      const grid = linspace(-0.76, -0.74, 201, { dtype: "f64" });
      const values = grid.gelu();
      expect(values.min().itemSync()).toBeCloseTo(-0.169971, 6);
      expect(grid.dataSync()[values.argmin().itemSync()]).toBeCloseTo(-0.7518, 3);
      expect(at((x) => x.gelu("tanh"), 1)).toBeCloseTo(0.8411919906082768, 12);
    });

    test("[G9] silu: minimum -0.278465 at -1.27846", () => {
      const grid = linspace(-1.3, -1.26, 401, { dtype: "f64" });
      expect(grid.silu().min().itemSync()).toBeCloseTo(-0.27846454, 7);
      expect(grid.dataSync()[grid.silu().argmin().itemSync()]).toBeCloseTo(-1.27846, 4);
    });

    test("[G11] mish: minimum -0.308843 at -1.1924", () => {
      const grid = linspace(-1.2, -1.18, 201, { dtype: "f64" });
      expect(grid.mish().min().itemSync()).toBeCloseTo(-0.308843, 5);
      expect(grid.dataSync()[grid.mish().argmin().itemSync()]).toBeCloseTo(-1.1924, 3);
    });

    test("[G12] softplus(0) = ln 2, finite at ±1000, not 0 where it is small", () => {
      expect(at((x) => x.softplus(), 0)).toBeCloseTo(Math.LN2, 12);
      expectClose(tensor([-1000, 1000, NaN]).softplus(), [0, 1000, NaN]);
      expectClose(tensor([-20]).softplus().log(), [Math.log(Math.log1p(Math.exp(-20)))], 1e-6);
      expectClose(tensor([-1000, 0, 1000]).logSigmoid(), [-1000, -Math.LN2, 0]);
    });

    test("[G13] hard sigmoid(0) = 0.5, 0 below -3, 1 above 3", () => {
      expectClose(tensor([-4, -3, 0, 1.5, 3, 4]).hardSigmoid(), [0, 0, 0.5, 0.75, 1, 1]);
    });

    test("[G14] [AK1] hard swish has its minimum -0.375 at -1.5, where the notes say -0.25", () => {
      const grid = linspace(-3, 3, 1201, { dtype: "f64" });
      expect(grid.hardSwish().min().itemSync()).toBeCloseTo(-0.375, 12);
      expect(grid.dataSync()[grid.hardSwish().argmin().itemSync()]).toBeCloseTo(-1.5, 12);
    });

    test("[G19] identity, and the small ones", () => {
      expectClose(tensor([-2, 0.5, 7, NaN]).relu6(), [0, 0.5, 6, NaN]);
      expectClose(tensor([-2, 0.5, 7, NaN]).hardTanh(), [-1, 0.5, 1, NaN]);
      expectClose(tensor([-2, 0.5, 7]).hardTanh(-3, 3), [-2, 0.5, 3]);
      expectClose(tensor([-3, 0, 1]).softsign(), [-0.75, 0, 0.5]);
      expectClose(step(tensor([-1, 0, 2])), [0, 0, 1]);
    });
  });

  describe("gradients", () => {
    test("[A21] at 0: relu' = 0, sigmoid' = 0.25, tanh' = 1", () => {
      expect(slope((x) => x.relu(), 0)).toBe(0);
      expect(slope((x) => x.sigmoid(), 0)).toBe(0.25);
      expect(slope((x) => x.tanh(), 0)).toBe(1);
      expect(slope((x) => x.relu(), 2)).toBe(1);
      expect(slope((x) => x.relu6(), 6)).toBe(0);
    });

    test("stay finite where the function is flat or steep", () => {
      for (const f of [
        (x: Tensor) => x.sigmoid(),
        (x: Tensor) => x.elu(),
        (x: Tensor) => x.selu(),
        (x: Tensor) => celu(x),
        (x: Tensor) => x.softplus(),
        (x: Tensor) => x.mish(),
        (x: Tensor) => x.silu(),
        (x: Tensor) => x.gelu(),
        (x: Tensor) => x.gelu("tanh"),
        (x: Tensor) => x.logSigmoid(),
      ])
        for (const x of [-1000, 1000]) expect(slope(f, x)).toSatisfy(Number.isFinite);
    });

    test("[B18] agree with central differences, twice where smooth", () => {
      const x = f64(...spread(9).map((v) => v * 4));
      const second = { order: 2 } as const;
      for (const f of [
        (v: Tensor) => v.sigmoid(),
        (v: Tensor) => v.softplus(),
        (v: Tensor) => v.logSigmoid(),
        (v: Tensor) => v.gelu(),
        (v: Tensor) => v.gelu("tanh"),
        (v: Tensor) => v.silu(),
        (v: Tensor) => v.mish(),
        (v: Tensor) => v.softsign(),
        (v: Tensor) => v.elu(),
        (v: Tensor) => v.selu(),
        (v: Tensor) => celu(v, 1.5),
        (v: Tensor) => v.relu().square(),
      ])
        gradCheck(f, [x], second);
      for (const f of [
        (v: Tensor) => v.relu(),
        (v: Tensor) => v.relu6(),
        (v: Tensor) => v.leakyRelu(),
        (v: Tensor) => v.hardTanh(),
        (v: Tensor) => v.hardSigmoid(),
        (v: Tensor) => v.hardSwish(),
      ])
        gradCheck(f, [x]);
    });
  });
});
