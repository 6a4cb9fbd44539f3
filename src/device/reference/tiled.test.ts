import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sizeOf, stridesOf } from "../../core/shape.ts";
import {
  add,
  affine,
  binary,
  constant,
  index,
  quotient,
  register,
  remainder,
  scale,
  select,
  unary,
  type Expression,
  type Index,
} from "../../ir/expression.ts";
import type { ContractKernel, Loop, LoopKernel, Statement } from "../../ir/kernel.ts";
import { parameterize } from "../../ir/parameterize.ts";
import {
  at,
  barrier,
  f32,
  global,
  i32,
  kernelOf,
  loop,
  lt,
  map,
  numbers,
  run,
  shared,
  store,
  when,
} from "../kernels.testing.ts";
import { interpretKernel } from "./interpret.ts";

/** [m, k] × [k, n]: each workgroup brings tiles of both sides into shared memory, then every thread adds up one element. */
function tiledMatmul(m: number, n: number, k: number, tile: number): LoopKernel {
  const [by, bx, ty, tx] = [index(Math.ceil(m / tile)), index(Math.ceil(n / tile)), index(tile), index(tile)];
  const [step, inner] = [index(Math.ceil(k / tile)), index(tile)];
  const row = add(scale(by, tile), ty);
  const column = add(scale(bx, tile), tx);
  const [part, total] = [register("f32"), register("f32")];
  const mine = add(scale(ty, tile), tx);
  const clamped = (i: Expression, size: number): Expression => binary("min", i, i32(size - 1));
  const tileOf = (buffer: number, y: Expression, x: Expression, height: number, width: number): Expression =>
    select(
      binary("and", lt(y, i32(height)), lt(x, i32(width))),
      at(buffer, add(scale(clamped(y, height), width), clamped(x, width))),
      f32(0),
    );
  const products: Loop = {
    ...loop("reduce", inner, []),
    accumulators: [
      {
        register: part,
        op: "sum",
        value: binary("mul", at(3, add(scale(ty, tile), inner)), at(4, add(scale(inner, tile), tx))),
      },
    ],
  };
  const steps: Loop = {
    ...loop("reduce", step, [
      store(3, mine, tileOf(0, row, add(scale(step, tile), tx), m, k)),
      store(4, mine, tileOf(1, add(scale(step, tile), ty), column, k, n)),
      barrier,
      products,
      barrier,
    ]),
    accumulators: [{ register: total, op: "sum", value: part }],
  };
  const result = when(binary("and", lt(row, i32(m)), lt(column, i32(n))), store(2, add(scale(row, n), column), total));
  return kernelOf(
    [global("read"), global("read"), global("write"), shared(tile * tile), shared(tile * tile)],
    [loop("grid", by, [loop("grid", bx, [loop("thread", ty, [loop("thread", tx, [steps, result])])])])],
  );
}

function naiveMatmul(a: Float32Array, b: Float32Array, m: number, n: number, k: number): number[] {
  return Array.from({ length: m * n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < k; j++) sum += a[Math.floor(i / n) * k + j]! * b[j * n + (i % n)]!;
    return sum;
  });
}

/** Softmax of each row by one workgroup: maximum and sum are found in shared memory. */
function rowSoftmax(rows: number, columns: number, size: number): LoopKernel {
  const [row, thread] = [index(rows), index(size)];
  const [largest, total] = [register("f32"), register("f32")];
  const each = (visit: (column: Expression, inside: Expression) => Pick<Loop, "body" | "accumulators">): Loop => {
    const step = index(Math.ceil(columns / size));
    const column = add(scale(step, size), thread);
    return {
      kind: "loop",
      axis: "sequential",
      index: step,
      extent: step.extent,
      ...visit(column, lt(column, i32(columns))),
    };
  };
  const x = (column: Expression): Expression =>
    at(0, add(scale(row, columns), binary("min", column, i32(columns - 1))));
  const reduceOver = (
    op: "max" | "sum",
    value: (column: Expression) => Expression,
    neutral: number,
    result: typeof largest,
  ): Statement[] => {
    const own = register("f32");
    const halves: Statement[] = [];
    for (let half = size / 2; half >= 1; half /= 2) {
      const joined = binary(op === "max" ? "max" : "add", at(2, thread), at(2, add(thread, i32(half))));
      halves.push(when(lt(thread, i32(half)), store(2, thread, joined)), barrier);
    }
    return [
      each((column, inside) => ({
        body: [],
        accumulators: [{ register: own, op, value: select(inside, value(column), f32(neutral)) }],
      })),
      store(2, thread, own),
      barrier,
      ...halves,
      { kind: "let", register: result, value: at(2, i32(0)) },
      barrier,
    ];
  };
  const power = (column: Expression): Expression => unary("exp", binary("sub", x(column), largest));
  const write = each((column, inside) => ({
    body: [when(inside, store(1, add(scale(row, columns), column), binary("div", power(column), total)))],
    accumulators: [],
  }));
  return kernelOf(
    [global("read"), global("write"), shared(size)],
    [
      loop("grid", row, [
        loop("thread", thread, [
          ...reduceOver("max", x, -Infinity, largest),
          ...reduceOver("sum", power, 0, total),
          write,
        ]),
      ]),
    ],
  );
}

describe("whole kernels", () => {
  test("[D8] a tiled product equals the naive one and loads less by the size of its tile", () => {
    for (const [m, n, k, tile] of [
      [8, 8, 8, 4],
      [16, 16, 16, 8],
      [5, 7, 9, 4],
      [1, 1, 1, 2],
    ] as const) {
      const [a, b, out] = [numbers(m * k, 1), numbers(k * n, 2), new Float32Array(m * n)];
      const { reads, workgroups } = run(tiledMatmul(m, n, k, tile), a, b, out);
      expect([...out]).toEqual(naiveMatmul(a, b, m, n, k));
      expect(workgroups).toBe(Math.ceil(m / tile) * Math.ceil(n / tile));
      // Naively every product loads one element of either side.
      if (m % tile === 0 && n % tile === 0 && k % tile === 0)
        expect([reads[0], reads[1]]).toEqual([(m * n * k) / tile, (m * n * k) / tile]);
    }
  });

  test("[D8] the same with sizes as parameters", () => {
    const { kernel, sizes } = parameterize(tiledMatmul(37, 41, 43, 4));
    const [a, b, out] = [numbers(37 * 43, 1), numbers(43 * 41, 2), new Float32Array(37 * 41)];
    expect(sizes.length).toBeGreaterThan(0);
    interpretKernel(kernel, [{ buffers: [a, b, out], parameters: sizes }]);
    expect([...out]).toEqual(naiveMatmul(a, b, 37, 41, 43));
  });

  test("[D5] a tiled product that forgets its second barrier is refused", () => {
    const kernel = tiledMatmul(8, 8, 8, 4);
    const forget = (list: readonly Statement[]): Statement[] =>
      list
        .filter((s, i) => s.kind !== "barrier" || i < list.length - 1)
        .map((s) => (s.kind === "loop" ? { ...s, body: forget(s.body) } : s));
    expect(() => run({ ...kernel, body: forget(kernel.body) }, numbers(64), numbers(64), new Float32Array(64))).toThrow(
      "kernel: thread 1 of workgroup 0 reads shared b3[0], written by thread 0 of workgroup 0: a data race. A barrier is missing between the two",
    );
  });

  test("a row of softmax per workgroup", () => {
    for (const [rows, columns, size] of [
      [3, 16, 8],
      [2, 13, 4],
      [4, 3, 8],
    ] as const) {
      const x = numbers(rows * columns);
      const out = new Float32Array(rows * columns);
      run(rowSoftmax(rows, columns, size), x, out);
      for (let r = 0; r < rows; r++) {
        const row = [...x.subarray(r * columns, (r + 1) * columns)];
        const sum = row.reduce((total, value) => total + Math.exp(value - Math.max(...row)), 0);
        row.forEach((value, c) =>
          expect(out[r * columns + c]).toBeCloseTo(Math.exp(value - Math.max(...row)) / sum, 6),
        );
      }
    }
  });

  test("[D7] map, zip and reduce over random shapes and strides", () => {
    const views = fc.record({
      shape: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
      // A stride of 0 repeats, a larger one skips.
      factors: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 3, maxLength: 3 }),
      seed: fc.nat(1000),
    });
    fc.assert(
      fc.property(views, ({ shape, factors, seed }) => {
        const size = sizeOf(shape);
        const dense = stridesOf(shape);
        const strides = shape.map((_, axis) => dense[axis]! * factors[axis]!);
        const strided = (flat: Expression): Expression =>
          affine(
            shape.map((extent, axis) => ({
              value: remainder(quotient(flat, dense[axis]!), extent),
              coefficient: strides[axis]!,
            })),
            0,
          );
        const place = (flat: number): number =>
          shape.reduce((sum, extent, axis) => sum + (Math.floor(flat / dense[axis]!) % extent) * strides[axis]!, 0);
        const [a, b] = [numbers(3 * size + 1, seed), numbers(size, seed + 1)];
        const mapped = new Float32Array(size);
        run(
          kernelOf([global("read"), global("write")], [map(size, (i) => store(1, i, unary("neg", at(0, strided(i)))))]),
          a,
          mapped,
        );
        expect([...mapped]).toEqual(Array.from({ length: size }, (_, i) => -a[place(i)]!));
        const zipped = new Float32Array(size);
        const product = (i: Expression): Statement => store(2, i, binary("mul", at(0, strided(i)), at(1, i)));
        run(kernelOf([global("read"), global("read"), global("write")], [map(size, product)]), a, b, zipped);
        expect([...zipped]).toEqual(Array.from({ length: size }, (_, i) => Math.fround(a[place(i)]! * b[i]!)));
        // The last axis is summed.
        const last = shape[shape.length - 1]!;
        const k = index(last);
        const total = register("f32");
        const summed = new Float32Array(size / last);
        const rowSum = (i: Expression): Statement => ({
          kind: "if",
          condition: constant(1, "bool"),
          body: [
            {
              ...loop("reduce", k, []),
              accumulators: [{ register: total, op: "sum", value: at(0, strided(add(scale(i, last), k))) }],
            },
            store(1, i, total),
          ],
        });
        run(kernelOf([global("read"), global("write")], [map(size / last, rowSum)]), a, summed);
        expect([...summed]).toEqual(
          Array.from({ length: size / last }, (_, i) =>
            Array.from({ length: last }, (_, j) => a[place(i * last + j)]!).reduce((x, y) => x + y, 0),
          ),
        );
      }),
      { numRuns: 200 },
    );
  });

  test("a contraction with an epilogue", () => {
    const [m, n, k] = [index(3), index(4), index(5)];
    const sum = register("f32");
    const axes = (i: Index): ContractKernel["m"] => [{ index: i, extent: i.extent }];
    const kernel: ContractKernel = {
      kind: "contract",
      buffers: [global("read"), global("read"), global("write")],
      parameters: { scalars: ["f32"], sizes: 0 },
      batch: [],
      m: axes(m),
      n: axes(n),
      k: axes(k),
      left: at(0, add(scale(m, 5), k)),
      right: at(1, add(scale(k, 4), n)),
      sum,
      epilogue: [store(2, add(scale(m, 4), n), binary("max", sum, f32(0)))],
    };
    const [a, b, out] = [numbers(15, 1), numbers(20, 2), new Float32Array(12)];
    interpretKernel(kernel, [{ buffers: [a, b, out], parameters: [0] }]);
    expect([...out]).toEqual(naiveMatmul(a, b, 3, 4, 5).map((value) => Math.max(value, 0)));
    const inPlace = new Float32Array(15);
    expect(() => interpretKernel(kernel, [{ buffers: [inPlace, b, inPlace], parameters: [0] }])).toThrow(/data race/);
  });
});
