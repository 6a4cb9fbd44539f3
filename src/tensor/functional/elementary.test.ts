import { describe, expect, test } from "vitest";
import { cosh, gradCheck, sinh, tensor, type Tensor } from "../../index.ts";
import { expectClose, onEachDevice, spread } from "../devices.testing.ts";

const f64 = (values: readonly number[]): Tensor<[number]> => tensor(Float64Array.from(values));
const f32 = (values: readonly number[]): Tensor<[number]> => tensor(Float32Array.from(values));

/** Differences in units of the last place of f32, against the host's float64. */
function ulps(found: Tensor, inputs: ArrayLike<number>, exact: (x: number) => number): number {
  const got = found.dataSync();
  return Math.max(
    ...Array.from(got, (value, i) => {
      const want = exact(inputs[i]!);
      if (Object.is(Math.fround(want), value)) return 0;
      return Math.abs(value - want) / Math.max(2 ** -149, 2 ** (Math.floor(Math.log2(Math.abs(want))) - 23));
    }),
  );
}

onEachDevice(() => {
  describe("functions of one number", () => {
    const tiny = [1e-30, -1e-30, 1e-10, -1e-10, 1e-7, -1e-7, 1e-5, -1e-5, 1e-3, -1e-3];
    const usual = spread(40).map((x) => x * 3);

    test("[B18] log1p, expm1 and sinh lose nothing near 0", () => {
      const xs = Float32Array.from([...tiny, ...usual, 0.5, 20, 80]);
      const above = xs.filter((x) => x > -1);
      expect(ulps(f32([...above]).log1p(), above, Math.log1p)).toBeLessThan(4);
      expect(ulps(f32([...xs]).expm1(), xs, Math.expm1)).toBeLessThan(6);
      expect(ulps(sinh(f32([...xs])), xs, Math.sinh)).toBeLessThan(8);
      expect(ulps(cosh(f32([...xs])), xs, Math.cosh)).toBeLessThan(4);
    });

    test("[B18] exp log sqrt sin cos tan tanh to a few units in the last place", () => {
      const xs = Float32Array.from(usual);
      const positive = xs.map(Math.abs);
      expect(ulps(f32([...xs]).exp(), xs, Math.exp)).toBeLessThan(4);
      expect(ulps(f32([...positive]).log(), positive, Math.log)).toBeLessThan(4);
      expect(ulps(f32([...positive]).log2(), positive, Math.log2)).toBeLessThan(4);
      expect(ulps(f32([...positive]).log10(), positive, Math.log10)).toBeLessThan(4);
      expect(ulps(f32([...positive]).sqrt(), positive, Math.sqrt)).toBeLessThan(1);
      expect(ulps(f32([...positive]).rsqrt(), positive, (x) => 1 / Math.sqrt(x))).toBeLessThan(3);
      expect(ulps(f32([...xs]).tanh(), xs, Math.tanh)).toBeLessThan(4);
      expectClose(f32([...xs]).sin(), [...xs].map(Math.sin), 3e-7);
      expectClose(f32([...xs]).cos(), [...xs].map(Math.cos), 3e-7);
      expectClose(f32([0.5, 1, -1]).tan(), [0.5, 1, -1].map(Math.tan), 1e-6);
    });

    test("edges: infinities and NaN go where mathematics sends them", () => {
      const edges = f32([-Infinity, -1, 0, Infinity, NaN]);
      expectClose(edges.exp(), [0, Math.exp(-1), 1, Infinity, NaN]);
      expectClose(edges.expm1(), [-1, Math.expm1(-1), 0, Infinity, NaN]);
      expectClose(edges.log(), [NaN, NaN, -Infinity, Infinity, NaN]);
      expectClose(edges.log1p(), [NaN, -Infinity, 0, Infinity, NaN]);
      expectClose(edges.sqrt(), [NaN, NaN, 0, Infinity, NaN]);
      expectClose(edges.tanh(), [-1, Math.tanh(-1), 0, 1, NaN]);
      expectClose(edges.erf(), [-1, -0.8427007929497149, 0, 1, NaN]);
      expectClose(edges.sign(), [-1, -1, 0, 1, NaN]);
    });

    test("rounding: halves to even, towards zero, and integers untouched", () => {
      const x = f32([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.6]);
      expect([...x.round().dataSync()].map((v) => v + 0)).toEqual([-2, -2, 0, 0, 2, 2, 3]);
      expect([...x.floor().dataSync()].map((v) => v + 0)).toEqual([-3, -2, -1, 0, 1, 2, 2]);
      expect([...x.ceil().dataSync()].map((v) => v + 0)).toEqual([-2, -1, 0, 1, 2, 3, 3]);
      expect([...x.trunc().dataSync()].map((v) => v + 0)).toEqual([-2, -1, 0, 0, 1, 2, 2]);
      expect(tensor([3, -4], { dtype: "i32" }).floor().dtype).toBe("i32");
    });

    test("[B18] clip: bounds on one side or both, NaN stays", () => {
      const x = f32([-2, -0.5, 0.5, 2, NaN]);
      expectClose(x.clamp(-1, 1), [-1, -0.5, 0.5, 1, NaN]);
      expectClose(x.clamp(0), [0, 0, 0.5, 2, NaN]);
      expectClose(x.clamp(undefined, 0), [-2, -0.5, 0, 0, NaN]);
      const whole = tensor([-3, 7], { dtype: "i32" });
      expect(whole.clamp(0, 5).toArraySync()).toEqual([0, 5]);
      expect(whole.clamp(0, 5).dtype).toBe("i32");
      expect(whole.clamp(0.5).toArraySync()).toEqual([0.5, 7]);
    });

    test("integers are taken as f32", () => {
      expect(tensor([1, 4], { dtype: "i32" }).sqrt().toArraySync()).toEqual([1, 2]);
      expect(tensor([true, false]).exp().dtype).toBe("f32");
    });
  });

  test("[B18] gradients agree with central differences, twice where smooth", () => {
    const x = f64(spread(7).map((v) => v * 1.7));
    const positive = f64(spread(7).map((v) => Math.abs(v) + 0.3));
    const second = { order: 2 } as const;
    for (const f of [
      (v: Tensor) => v.exp(),
      (v: Tensor) => v.expm1(),
      (v: Tensor) => v.sin(),
      (v: Tensor) => v.cos(),
      (v: Tensor) => v.tanh(),
      (v: Tensor) => v.erf(),
      (v: Tensor) => sinh(v),
      (v: Tensor) => cosh(v),
      (v: Tensor) => v.square(),
    ])
      gradCheck(f, [x], second);
    for (const f of [
      (v: Tensor) => v.log(),
      (v: Tensor) => v.log1p(),
      (v: Tensor) => v.log2(),
      (v: Tensor) => v.log10(),
      (v: Tensor) => v.sqrt(),
      (v: Tensor) => v.rsqrt(),
      (v: Tensor) => v.recip(),
      (v: Tensor) => v.tan(),
    ])
      gradCheck(f, [positive], second);
    gradCheck((v) => v.abs(), [x]);
    gradCheck((v) => v.clamp(-0.5, 0.7), [x]);
    // Steps have gradient 0.
    for (const f of [(v: Tensor) => v.floor(), (v: Tensor) => v.round(), (v: Tensor) => v.sign()])
      expect(f(x).requiresGrad).toBe(false);
  });
});
