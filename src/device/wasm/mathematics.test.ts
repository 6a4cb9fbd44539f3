import { describe, expect, test } from "vitest";
import { allocate, type DType, type TypedArray } from "../../core/dtype.ts";
import { binary, index, load, unary, type BinaryOp, type UnaryOp } from "../../ir/expression.ts";
import type { LoopKernel } from "../../ir/kernel.ts";
import { erf } from "../reference/erf.ts";
import { runWasm, ulps } from "./runs.testing.ts";

function apply(op: UnaryOp | BinaryOp, dtype: DType, ...inputs: readonly TypedArray[]): TypedArray {
  const n = inputs[0]!.length;
  const i = index(n);
  const [x, y] = inputs.map((_, b) => load(b, dtype, i));
  const value = y ? binary(op as BinaryOp, x!, y) : unary(op as UnaryOp, x!);
  const buffers = [...inputs, null].map((b) => ({
    dtype,
    space: "global" as const,
    access: b ? ("read" as const) : ("write" as const),
  }));
  const kernel: LoopKernel = {
    kind: "loops",
    buffers,
    parameters: { scalars: [], sizes: 0 },
    body: [
      {
        kind: "loop",
        axis: "parallel",
        index: i,
        extent: n,
        accumulators: [],
        body: [{ kind: "store", buffer: inputs.length, offset: i, value }],
      },
    ],
  };
  return runWasm({ kernel, buffers: [...inputs, allocate(dtype, n)] }).at(-1)!;
}

/** Every `step`-th bit pattern of f32, from the smallest negative NaN to the largest. */
function patterns(step: number): Float32Array {
  const bits = new Uint32Array(Math.floor(2 ** 32 / step));
  for (let i = 0; i < bits.length; i++) bits[i] = i * step;
  return new Float32Array(bits.buffer);
}

const EDGES = Float32Array.of(
  0,
  -0,
  1,
  -1,
  0.5,
  Infinity,
  -Infinity,
  NaN,
  1.17549435e-38,
  -1.17549435e-38,
  1.4e-45,
  -1.4e-45,
  3.4028235e38,
  -3.4028235e38,
  87,
  88,
  88.72283,
  88.722839,
  88.73,
  89,
  -87,
  -87.34,
  -88,
  -103.9,
  -103.97,
  -103.98,
  -104,
  -105,
  9.01,
  9.1,
  20,
  100_000,
  100_001,
  1e10,
  1e30,
);

/** The largest distance to the correctly rounded value, and where. */
function worst(got: ArrayLike<number>, want: (i: number) => number): { ulps: number; at: number } {
  let most = 0,
    at = -1;
  for (let i = 0; i < got.length; i++) {
    const distance = ulps(got[i]!, Math.fround(want(i)));
    if (distance > most) [most, at] = [distance, i];
  }
  return { ulps: most, at };
}

/** JavaScript's remainder is exact; then towards the divisor's sign. */
function exactMod(x: number, y: number): number {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
}

const FULL = typeof process !== "undefined" && process.env.MYELIN_FULL !== undefined;
const STEP = FULL ? 509 : 5003;

describe("f32 functions on the full range", () => {
  const cases: readonly [UnaryOp, (x: number) => number, number][] = [
    ["exp", Math.exp, 1],
    ["log", Math.log, 2],
    ["tanh", Math.tanh, 3],
    ["erf", erf, 3],
  ];
  test.each(cases)("%s", (op, exact, limit) => {
    for (const inputs of [patterns(STEP), EDGES]) {
      const got = apply(op, "f32", inputs);
      const { ulps: distance, at } = worst(got, (i) => exact(inputs[i]!));
      expect(distance, `${op}(${inputs[at]}) = ${got[at]}`).toBeLessThanOrEqual(limit);
    }
  });

  test.each(["sin", "cos"] as const)("%s", (op) => {
    const exact = op === "sin" ? Math.sin : Math.cos;
    const near = new Float32Array(400_000).map((_, i) => (i - 200_000) / 1987.3);
    const { ulps: distance, at } = worst(apply(op, "f32", near), (i) => exact(near[i]!));
    expect(distance, `${op}(${near[at]})`).toBeLessThanOrEqual(3);
    for (const [inputs, tolerance] of [
      [new Float32Array(200_000).map((_, i) => (i - 100_000) * 0.99931), 1.2e-7],
      [patterns(STEP), 3.5e-7],
    ] as const) {
      const got = apply(op, "f32", inputs);
      let most = 0,
        where = 0;
      for (let i = 0; i < got.length; i++) {
        const want = exact(inputs[i]!);
        if (Number.isNaN(want)) expect(got[i]).toBeNaN();
        else if (!(Math.abs(got[i]! - want) <= most)) [most, where] = [Math.abs(got[i]! - want), i];
      }
      expect(most, `${op}(${inputs[where]}) = ${got[where]}`).toBeLessThanOrEqual(tolerance);
    }
  });

  test("pow", () => {
    const n = 300_000;
    const x = new Float32Array(n),
      y = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      x[i] = 2 ** (((i * 7919) % 30011) / 120 - 125);
      y[i] = (((i * 104729) % 20011) - 10005) / 1000;
    }
    const got = apply("pow", "f32", x, y);
    const { ulps: distance, at } = worst(got, (i) => x[i]! ** y[i]!);
    expect(distance, `${x[at]} ** ${y[at]} = ${got[at]}`).toBeLessThanOrEqual(4);
    const near = x.map((_, i) => 0.5 + i / n),
      large = y.map((v) => v * 12.7);
    const second = apply("pow", "f32", near, large);
    const found = worst(second, (i) => near[i]! ** large[i]!);
    expect(found.ulps, `${near[found.at]} ** ${large[found.at]}`).toBeLessThanOrEqual(4);
  });

  test("pow of special values is C's", () => {
    const values = [
      0,
      -0,
      1,
      -1,
      2,
      -2,
      3,
      -3,
      0.5,
      -0.5,
      2.5,
      Infinity,
      -Infinity,
      NaN,
      1e38,
      -1e38,
      1e-40,
      16777217,
      33554432,
      1e-3,
    ];
    const x = Float32Array.from(values.flatMap((v) => values.map(() => v))),
      y = Float32Array.from(values.flatMap(() => values));
    const got = apply("pow", "f32", x, y);
    const want = (i: number): number =>
      x[i] === 1 || (x[i] === -1 && Math.abs(y[i]!) === Infinity) ? 1 : x[i]! ** y[i]!;
    for (let i = 0; i < x.length; i++) {
      const exact = Math.fround(want(i));
      expect(ulps(got[i]!, exact), `${x[i]} ** ${y[i]} = ${got[i]}, want ${exact}`).toBeLessThanOrEqual(3);
      if (exact === 0) expect(Object.is(got[i], exact), `sign of ${x[i]} ** ${y[i]}`).toBe(true);
    }
  });

  test("mod is exact on the full range", () => {
    const inputs = patterns(STEP * 2 + 1);
    const n = inputs.length;
    const edges = [...EDGES];
    const x = Float32Array.from([...inputs, ...edges.flatMap((v) => edges.map(() => v))]);
    // A stride of its own, so that all exponents meet.
    const y = Float32Array.from([...inputs.map((_, i) => inputs[(i * 7919) % n]!), ...edges.flatMap(() => edges)]);
    const got = apply("mod", "f32", x, y);
    const { ulps: distance, at } = worst(got, (i) => exactMod(x[i]!, y[i]!));
    expect(distance, `${x[at]} mod ${y[at]} = ${got[at]}, want ${exactMod(x[at]!, y[at]!)}`).toBe(0);
    expect([...apply("mod", "f32", Float32Array.of(2 ** 32, -(2 ** 32)), Float32Array.of(1.5, 1.5))]).toEqual([1, 0.5]);
  });

  test("mod and idiv round towards minus infinity", () => {
    const values = [7, -7, 0.75, -0.75, 5.5, -5.5, 1e6, -1e6, 3, -3, 0.1, 1e-3, Infinity];
    const x = Float32Array.from(values.flatMap((v) => values.map(() => v))),
      y = Float32Array.from(values.flatMap(() => values));
    const rest = apply("mod", "f32", x, y),
      whole = apply("idiv", "f32", x, y);
    for (let i = 0; i < x.length; i++) {
      const r = x[i]! % y[i]!;
      const want = Math.fround(r !== 0 && r < 0 !== y[i]! < 0 ? r + y[i]! : r);
      if (Math.abs(x[i]! / y[i]!) < 2 ** 24)
        expect(ulps(rest[i]!, want), `${x[i]} mod ${y[i]} = ${rest[i]}, want ${want}`).toBeLessThanOrEqual(1);
      expect(Object.is(whole[i], Math.fround(Math.floor(x[i]! / y[i]!)))).toBe(true);
    }
  });

  test("idiv is the floor of the exact quotient, also where that rounds up to an integer", () => {
    const n = 100_000;
    const y = new Float32Array(n).map((_, i) => (1 + ((i * 7919) % 65537) / 65537) * 2 ** ((i % 160) - 80));
    const x = y.map((v, i) => {
      // Products with integers round to both sides.
      const whole = 1 + ((i * 104729) % 2 ** (1 + (i % 23)));
      return Math.fround(v * whole) * (i % 2 ? -1 : 1);
    });
    y.forEach((v, i) => (y[i] = i % 3 ? v : -v));
    const inputs = patterns(STEP * 2 + 1);
    const divisors = inputs.map((_, i) => inputs[(i * 7919) % inputs.length]!);
    for (const [a, b] of [
      [x, y],
      [inputs, divisors],
    ] as const) {
      // No quotient of two f32 below 2²⁴ rounds to an integer in f64. From there on the rounded quotient is the floor.
      const want = (i: number): number => {
        const quotient = a[i]! / b[i]!;
        return Math.abs(quotient) < 2 ** 24 ? Math.floor(quotient) : quotient;
      };
      const { ulps: distance, at } = worst(apply("idiv", "f32", a, b), want);
      expect(distance, `${a[at]} idiv ${b[at]}, want ${want(at)}`).toBe(0);
    }
    expect([...apply("idiv", "f32", Float32Array.of(1, -1, 1), Float32Array.of(0.1, 0.1, -0.1))]).toEqual([
      9, -10, -10,
    ]);
  });
});

describe("f64 functions", () => {
  const cases: readonly [UnaryOp, (x: number) => number, readonly [number, number]][] = [
    ["exp", Math.exp, [-745, 709]],
    ["log", Math.log, [1e-300, 1e6]],
    ["tanh", Math.tanh, [-25, 25]],
    ["erf", erf, [-6, 6]],
    ["sin", Math.sin, [-1000, 1000]],
    ["cos", Math.cos, [-1000, 1000]],
  ];
  test.each(cases)("%s", (op, exact, [low, high]) => {
    const x = new Float64Array(20_000).map((_, i) =>
      i % 2 ? low + ((high - low) * i) / 20_000 : ((i - 10_000) / 10_000) * Math.min(high, 2),
    );
    if (op === "log") x.set([5e-324, 1e-310, 1e300, 1.7e308], 10_000);
    const got = apply(op, "f64", x);
    for (let i = 0; i < x.length; i++) {
      const want = exact(x[i]!);
      if (Number.isNaN(want)) expect(got[i]).toBeNaN();
      else if (got[i] !== want)
        expect(Math.abs(got[i]! - want), `${op}(${x[i]})`).toBeLessThanOrEqual(
          3e-15 * Math.max(Math.abs(want), op === "sin" || op === "cos" ? 0.05 : 2e-308),
        );
    }
    const special = apply(op, "f64", Float64Array.of(Infinity, -Infinity, NaN, 0, -0));
    [Infinity, -Infinity, NaN, 0, -0].forEach((v, i) =>
      expect(Object.is(special[i], exact(v)) || special[i] === exact(v), `${op}(${v})`).toBe(true),
    );
  });

  test("pow", () => {
    const x = new Float64Array(5000).map((_, i) => 0.01 + i / 100),
      y = new Float64Array(5000).map((_, i) => ((i * 37) % 401) / 20 - 10);
    const got = apply("pow", "f64", x, y);
    got.forEach((g, i) => expect(Math.abs(g / x[i]! ** y[i]! - 1)).toBeLessThan(2e-14));
  });

  test("mod is exact for quotients below 2 to the 200", () => {
    const n = 20_000;
    const x = new Float64Array(n),
      y = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const exponent = ((i * 7919) % 2000) - 1074;
      const mantissa = (k: number): number => 1 + ((i * k) % 1_000_003) / 1_000_003;
      y[i] = 2 ** exponent * mantissa(104729) * (i % 2 ? -1 : 1);
      x[i] = 2 ** Math.min(exponent + ((i * 31) % 202) - 3, 1023) * mantissa(15485863) * (i % 3 ? -1 : 1);
    }
    x.set([2 ** 100, 1e22, -0, 5, 5, -5, 5, 0, 1.7e308, 1.7e308, Infinity, NaN, 1, Infinity, 1e16, -1e308]);
    y.set([1.1, 0.3, 3, Infinity, -Infinity, Infinity, 0, 0, 1e300, -1.6e308, 2, 1, NaN, Infinity, 3, -1.7e308]);
    const got = apply("mod", "f64", x, y);
    for (let i = 0; i < n; i++) {
      const want = exactMod(x[i]!, y[i]!);
      expect(got[i] === want || Object.is(got[i], want), `${x[i]} mod ${y[i]} = ${got[i]}, want ${want}`).toBe(true);
    }
  });
});
