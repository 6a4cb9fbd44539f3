import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as myelin from "../index.ts";
import { gradCheck, tensor, type Tensor } from "../index.ts";
import { onEachDevice } from "./devices.testing.ts";

interface Numbers {
  readonly shape: readonly number[];
  readonly values: readonly (number | string)[];
}
/** One call as tools/goldens/numeric.py recorded it. */
interface Row {
  readonly name: string;
  readonly args: readonly never[];
  readonly inputs: readonly Numbers[];
  readonly outputs: readonly Numbers[];
  readonly gradients: readonly Numbers[] | null;
}

const rows = JSON.parse(
  readFileSync(new URL("../../tools/goldens/results/numeric.json", import.meta.url), "utf8"),
) as readonly Row[];

type Ranked = { readonly values: Tensor; readonly indices: Tensor };
type Call = (...inputs: readonly never[]) => Tensor | Ranked;

const axisOptions =
  (f: (x: Tensor, axis: number, options: myelin.CumulativeOptions) => Tensor, options: myelin.CumulativeOptions) =>
  (x: Tensor, axis: number): Tensor =>
    f(x, axis, options);
const methods = ["tan", "expm1", "log1p", "log2", "log10"] as const;

/** What PyTorch's names are here, where they are no functions of the same name and arguments. */
const others: Readonly<Record<string, Call>> = {
  "cumsum exclusive": axisOptions(myelin.cumsum, { exclusive: true }),
  "cumsum reverse": axisOptions(myelin.cumsum, { reverse: true }),
  "cumsum exclusive reverse": axisOptions(myelin.cumsum, { exclusive: true, reverse: true }),
  "cumprod exclusive": axisOptions(myelin.cumprod, { exclusive: true }),
  quantile: (x: Tensor, q: number | number[], axis: number | null, keep: boolean, how: myelin.Interpolation) =>
    myelin.quantile(x, q, axis ?? undefined, keep, how),
  ...Object.fromEntries(methods.map((name) => [name, (x: Tensor): Tensor => x[name]()])),
};
const named = myelin as unknown as Readonly<Record<string, Call>>;
const call = ({ name, args }: Row, inputs: readonly Tensor[]): readonly Tensor[] => {
  const made = (others[name] ?? named[name]!)(...(inputs as never[]), ...args);
  return "values" in made ? [made.values, made.indices] : [made];
};

const ROUNDING = { f64: [1e-10, 1e-11], f32: [1.3e-6, 1e-5] } as const;

function expectRecorded(what: string, got: Tensor, { shape, values }: Numbers, dtype: "f32" | "f64"): void {
  expect(got.shape, what).toEqual(shape);
  const [relative, absolute] = ROUNDING[dtype];
  got.dataSync().forEach((value, i) => {
    const want = Number(values[i]);
    if (Object.is(value, want) || value === want) return;
    if (!(Math.abs(value - want) <= absolute + relative * Math.abs(want)))
      expect.fail(`${what}: element ${i} is ${value}, PyTorch has ${want}`);
  });
}

function read({ shape, values }: Numbers, dtype: "f32" | "f64"): Tensor {
  const numbers = values.map(Number);
  return tensor(dtype === "f32" ? Float32Array.from(numbers) : Float64Array.from(numbers), [...shape]);
}

onEachDevice(() => {
  describe("PyTorch's values", () => {
    rows.forEach((row, i) =>
      test(`[B18] ${row.name}(${JSON.stringify(row.args).slice(1, -1)}), call ${i}`, () => {
        for (const dtype of ["f64", "f32"] as const) {
          const outputs = call(
            row,
            row.inputs.map((x) => read(x, dtype)),
          );
          row.outputs.forEach((wanted, k) => expectRecorded(`${dtype} output ${k}`, outputs[k]!, wanted, dtype));
        }
        if (!row.gradients) return;
        const weighted = (...inputs: readonly Tensor[]): Tensor => {
          const [output] = call(row, inputs);
          const weights = Float64Array.from({ length: output!.size }, (_, k) => k + 1);
          return output!.mul(tensor(weights, [...output!.shape])).sum();
        };
        const inputs = row.inputs.map((x) => read(x, "f64"));
        const found = myelin.grad(weighted, { argnums: [...inputs.keys()] })(...inputs) as readonly Tensor[];
        row.gradients.forEach((wanted, k) => expectRecorded(`gradient ${k}`, found[k]!, wanted, "f64"));
      }),
    );
  });

  describe("derivatives of both orders against differences", () => {
    const f64 = (...values: readonly number[]): Tensor => tensor(Float64Array.from(values));
    const inner = f64(-0.7, -0.2, 0.1, 0.45, 0.8);
    const above = f64(1.3, 1.8, 2.6, 4.4);
    const matrix = tensor(Float64Array.of(0.7, -1.2, 0.4, 2.1, -0.6, 1.4), [2, 3]);
    const checks: Readonly<Record<string, readonly [(...x: readonly Tensor[]) => Tensor, ...Tensor[]]>> = {
      asin: [(x) => myelin.asin(x!), inner],
      acos: [(x) => myelin.acos(x!), inner],
      atan: [(x) => myelin.atan(x!), inner],
      atan2: [(y, x) => myelin.atan2(y!, x!), f64(0.4, -1.2, 2), f64(-0.6, 0.3, 1.5)],
      asinh: [(x) => myelin.asinh(x!), inner],
      acosh: [(x) => myelin.acosh(x!), above],
      atanh: [(x) => myelin.atanh(x!), inner],
      cbrt: [(x) => myelin.cbrt(x!), above],
      erfinv: [(x) => myelin.erfinv(x!), inner],
      lgamma: [(x) => myelin.lgamma(x!), above],
      digamma: [(x) => myelin.digamma(x!), above],
      cumsum: [(x) => myelin.cumsum(x!, 1, { exclusive: true }).exp(), matrix],
      cumprod: [(x) => myelin.cumprod(x!, 1), matrix],
      "cumprod over 0": [(x) => myelin.cumprod(x!, 0), f64(2, 0, 3, 0, 5)],
      cummax: [(x) => myelin.cummax(x!, 1).values.square(), matrix],
      logcumsumexp: [(x) => myelin.logcumsumexp(x!, 1), matrix],
      linearRecurrence: [(a, b) => myelin.linearRecurrence(a!, b!, 1), matrix, matrix.flip(1)],
      sort: [
        (x) =>
          myelin
            .sort(x!)
            .values.square()
            .mul(f64(1, 2, 3)),
        matrix,
      ],
      quantile: [(x) => myelin.quantile(x!.square(), [0.3, 0.8], 1), matrix],
    };
    test.each(Object.keys(checks))("%s", (name) => {
      const [f, ...inputs] = checks[name]!;
      gradCheck(f, inputs, { order: 2 });
    });
  });

  test("a long row is sorted like the host sorts it, in both directions", () => {
    const values = Float32Array.from({ length: 5000 }, (_, i) => ((i * 7919) % 641) / 8);
    const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]! || a - b);
    const back = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b);
    expect([...myelin.argsort(tensor(values)).dataSync()]).toEqual(order);
    expect([...myelin.argsort(tensor(values), 0, true).dataSync()]).toEqual(back);
  });

  test("integers and bool: sums count in i32, orders and extremes keep the dtype", () => {
    const bytes = tensor([200, 100, 7], { dtype: "u8" });
    expect(myelin.cumsum(bytes, 0).toArraySync()).toEqual([200, 300, 307]);
    expect(myelin.cumsum(tensor([true, false, true]), 0).toArraySync()).toEqual([1, 1, 2]);
    expect(myelin.sort(bytes).values.dtype).toBe("u8");
    expect(myelin.cummax(tensor([false, true, false]), 0).values.toArraySync()).toEqual([false, true, true]);
    expect(myelin.median(tensor([5, 1, 4], { dtype: "i32" })).itemSync()).toBe(4);
    expect(myelin.linearRecurrence(0.5, tensor([8, 8, 8]), 0).toArraySync()).toEqual([8, 12, 14]);
  });

  test("[C25] CORDIC gives tanh and sigmoid by shifting and adding: 1e-4 in 16 iterations, a bit more with each", () => {
    const xs = Float64Array.from({ length: 401 }, (_, i) => (i - 200) / 8);
    const distance = (got: Tensor, exact: (x: number) => number, within: number): number =>
      Math.max(...Array.from(got.dataSync(), (y, i) => (Math.abs(xs[i]!) > within ? 0 : Math.abs(y - exact(xs[i]!)))));
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
    expect(distance(myelin.cordicTanh(tensor(xs)), Math.tanh, 1)).toBeLessThan(1e-4);
    expect(distance(myelin.cordicTanh(tensor(xs)), Math.tanh, Infinity)).toBeLessThan(1e-4);
    expect(distance(myelin.cordicSigmoid(tensor(xs)), sigmoid, Infinity)).toBeLessThan(1e-4);
    expect(distance(myelin.cordicTanh(tensor(xs), 30), Math.tanh, Infinity)).toBeLessThan(1e-8);
    expect(distance(myelin.cordicTanh(tensor(xs), 8), Math.tanh, Infinity)).toBeGreaterThan(1e-3);
    expect(() => myelin.cordicTanh(tensor(xs), 0)).toThrow(
      "cordicTanh: iterations must be a whole number of 1 or more",
    );
  });

  test("a cache is filled at offsets that are data, by one program", () => {
    let cache: Tensor = myelin.zeros([4, 2]);
    const place = myelin.jit((x: Tensor, row: Tensor, at: Tensor) => myelin.updateAt(x, row, at));
    for (let i = 0; i < 3; i++) cache = place(cache, myelin.full([1, 2], i + 1), tensor(Int32Array.of(i)).reshape([]));
    expect(cache.toArraySync()).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [0, 0],
    ]);
    expect(myelin.sliceAt(cache, 1, 2).toArraySync()).toEqual([
      [2, 2],
      [3, 3],
    ]);
    expect(myelin.sliceAt(cache, tensor(Int32Array.of(9)).reshape([]), 1, 0).toArraySync()).toEqual([[0, 0]]);
    expect(() => myelin.sliceAt(cache, 0, 5)).toThrow("sliceAt: 5 elements do not fit in axis 0 of [4, 2]");
  });

  test("a few of the largest, looked for one by one, are those that sorting puts first", () => {
    const odd = [NaN, Infinity, -Infinity, 0, -0, 1e-30, -1e-30, -Infinity, NaN, 3];
    const values = Array.from({ length: 240 }, (_, i) => (i % 3 ? ((i * 37) % 41) / 8 - 2 : odd[(i / 3) % 10]!));
    for (const dtype of ["f32", "f16", "u8", "bool", "i32"] as const)
      for (const [shape, axis, k] of [
        [[240], 0, 30],
        [[3, 80], 1, 10],
        [[80, 3], 0, 7],
        [[2, 60, 2], 1, 1],
      ] as [number[], number, number][])
        for (const largest of [true, false]) {
          const x = tensor(values, shape).cast(dtype);
          const found = myelin.topk(x, k, axis, largest);
          const order = myelin.argsort(x, axis, largest).narrow(axis, 0, k);
          expect(found.indices.dataSync()).toEqual(order.dataSync());
          expect(found.values.shape).toEqual(order.shape);
        }
  });

  test("nothing along the axis gives nothing, or an error that says so", () => {
    const none = tensor([], [2, 0]);
    expect(myelin.cumsum(none, 1).shape).toEqual([2, 0]);
    expect(myelin.sort(none).indices.shape).toEqual([2, 0]);
    expect(myelin.topk(none, 0).values.shape).toEqual([2, 0]);
    expect(() => myelin.median(none, 1)).toThrow("median: axis 1 of [2, 0] is empty and has no median");
    expect(() => myelin.topk(tensor([1, 2]), 3)).toThrow(
      "topk: k must be a whole number from 0 to 2, the size of axis 0 of [2], got 3",
    );
    expect(() => myelin.kthvalue(tensor([1, 2]), 0)).toThrow("k must be a whole number from 1 to 2");
    expect(() => myelin.quantile(tensor([1, 2]), 1.5)).toThrow("quantile: q must be from 0 to 1, got 1.5");
    expect(() => myelin.quantile(tensor([1, 2]), [])).toThrow("quantile: needs at least one q, got none");
    expect(() => myelin.cumsum(tensor([1, 2]), 1)).toThrow("cumsum: axis 1 is out of range for [2]");
  });
});
