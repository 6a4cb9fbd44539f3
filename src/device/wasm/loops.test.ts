import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allocate, type DType, type TypedArray } from "../../core/dtype.ts";
import {
  add, affine, binary, bitcast, cast, constant, index, load, param, quotient, register, remainder, scale, select, unary, type Expression, type Index, type ReduceOp,
} from "../../ir/expression.ts";
import type { Accumulator, Axis, Buffer, Loop, LoopKernel, Statement } from "../../ir/kernel.ts";
import { runReference, runWasm, ulps, type Run } from "./testing.ts";

const f32 = (value: number): Expression => constant(value, "f32");
const i32 = (value: number): Expression => constant(value, "i32");
const read = (dtype: DType): Buffer => ({ dtype, space: "global", access: "read" });
const write = (dtype: DType): Buffer => ({ dtype, space: "global", access: "write" });
const loop = (axis: Axis, i: Index, body: readonly Statement[], accumulators: readonly Accumulator[] = []): Loop => ({ kind: "loop", axis, index: i, extent: i.extent, body, accumulators });
const store = (buffer: number, offset: Expression, value: Expression): Statement => ({ kind: "store", buffer, offset, value });
const kernelOf = (buffers: readonly Buffer[], body: readonly Statement[], scalars: readonly DType[] = []): LoopKernel => ({ kind: "loops", buffers, parameters: { scalars, sizes: 0 }, body });

/** Numbers that repeat, with signs and fractions, exact in every dtype that holds them. */
function ramp(dtype: DType, length: number, from = -3): TypedArray {
  const out = allocate(dtype, length);
  for (let i = 0; i < length; i++) {
    const x = ((i * 37) % 101) / 8 + from;
    out[i] = dtype === "bool" ? (i * 7) % 3 === 0 ? 1 : 0 : dtype === "u8" ? (i * 41) % 256 : dtype === "f32" || dtype === "f64" ? x : Math.trunc(x * 100);
  }
  return out;
}

function check(run: Run, tolerance = 0): TypedArray[] {
  const got = runWasm(run), want = runReference(run);
  want.forEach((w, b) => {
    for (let i = 0; i < w.length; i++) {
      const distance = ulps(got[b]![i]!, w[i]!);
      if (distance > tolerance) expect.fail(`buffer ${b}[${i}]: got ${got[b]![i]}, want ${w[i]} (${distance} ulp)`);
    }
  });
  return got;
}

describe("maps", () => {
  test("every length has its tail", () => {
    for (let n = 0; n <= 40; n++) {
      const i = index(n);
      const x = load(0, "f32", i);
      const kernel = kernelOf([read("f32"), write("f32")], [loop("parallel", i, [store(1, i, binary("add", binary("mul", x, f32(2)), f32(1)))])]);
      check({ kernel, buffers: [ramp("f32", n), allocate("f32", n)] });
      if (n > 9) check({ kernel, buffers: [ramp("f32", n), allocate("f32", n)], splits: [3, 8] });
    }
  });

  test.each(["f32", "f64", "i32", "u32", "u8", "bool"] as const)("arithmetic and comparisons on %s", (dtype) => {
    const n = 37;
    const i = index(n);
    const x = load(0, dtype, i), y = load(1, dtype, i);
    const ops = dtype === "f32" || dtype === "f64" ? (["add", "sub", "mul", "div", "max", "min"] as const)
      : dtype === "bool" ? (["and", "or", "xor", "max", "min"] as const)
      : (["add", "sub", "mul", "max", "min", "and", "or", "xor", "mod", "idiv"] as const);
    for (const op of ops) {
      const kernel = kernelOf([read(dtype), read(dtype), write(dtype)], [loop("parallel", i, [store(2, i, binary(op, x, y))])]);
      check({ kernel, buffers: [ramp(dtype, n), ramp(dtype, n, -5).slice().reverse(), allocate(dtype, n)] });
    }
    for (const op of ["lt", "le", "eq", "ne"] as const) {
      const kernel = kernelOf([read(dtype), read(dtype), write("bool"), write(dtype)], [
        loop("parallel", i, [store(2, i, binary(op, x, y)), store(3, i, select(binary(op, x, y), x, y))]),
      ]);
      check({ kernel, buffers: [ramp(dtype, n), ramp(dtype, n, -4), allocate("bool", n), allocate(dtype, n)] });
    }
    const unaries = dtype === "f32" || dtype === "f64" ? (["neg", "abs", "floor", "round", "sign", "sqrt", "recip"] as const) : dtype === "bool" ? (["not"] as const) : (["neg", "abs", "not", "sign"] as const);
    for (const op of unaries) {
      const kernel = kernelOf([read(dtype), write(dtype)], [loop("parallel", i, [store(1, i, unary(op, x))])]);
      check({ kernel, buffers: [ramp(dtype, n, op === "sqrt" ? 0 : -3), allocate(dtype, n)] });
    }
  });

  test("casts between all dtypes, with saturation", () => {
    const dtypes = ["f32", "f64", "i32", "u32", "u8", "bool"] as const;
    for (const from of dtypes)
      for (const to of dtypes) {
        const i = index(23);
        const kernel = kernelOf([read(from), write(to)], [loop("parallel", i, [store(1, i, cast(load(0, from, i), to))])]);
        const source = ramp(from, 23);
        if (from === "f32" || from === "f64") source.set([NaN, Infinity, -Infinity, 3e9, -3e9, 255.5, 300, -0.5, 5e9, 1e20]);
        if (from === "u32") source.set([4294967295, 2147483648, 16777217]);
        check({ kernel, buffers: [source, allocate(to, 23)] });
      }
  });

  test("broadcast, transposed, strided, reversed and dilated reads", () => {
    const [rows, columns] = [7, 13];
    const i = index(rows), j = index(columns);
    const at = (a: Expression, n: number, b: Expression): Expression => add(scale(a, n), b);
    const out = at(i, columns, j);
    const cases: [Expression, number][] = [
      [j, columns], [i, rows], [at(j, rows, i), rows * columns], [affine([{ value: i, coefficient: 2 * columns }, { value: j, coefficient: 2 }], 1), 4 * rows * columns],
      [affine([{ value: i, coefficient: columns }, { value: j, coefficient: -1 }], columns - 1), rows * columns], [i32(3), 5],
    ];
    for (const dtype of ["f32", "u8", "bool", "i32"] as const)
      for (const [offset, size] of cases) {
        const body = [loop("parallel", i, [loop("parallel", j, [store(1, out, load(0, dtype, offset))])])];
        check({ kernel: kernelOf([read(dtype), write(dtype)], body), buffers: [ramp(dtype, size), allocate(dtype, rows * columns)] });
        const scattered = [loop("parallel", i, [loop("parallel", j, [store(1, at(j, rows, i), load(0, dtype, offset))])])];
        check({ kernel: kernelOf([read(dtype), write(dtype)], scattered), buffers: [ramp(dtype, size), allocate(dtype, rows * columns)], splits: [2] });
      }
  });

  test("flat indices taken apart, clamped and padded", () => {
    for (const columns of [1, 2, 3, 5, 16]) {
      const n = columns * 11;
      const i = index(n);
      const column = remainder(i, columns), row = quotient(i, columns);
      const kernel = kernelOf([read("f32"), read("f32"), read("f32"), write("f32"), write("i32")], [
        loop("parallel", i, [
          store(3, i, binary("add", load(0, "f32", add(scale(column, 11), row)), binary("mul", load(1, "f32", column), load(2, "f32", row)))),
          store(4, i, add(scale(row, 7), column)),
        ]),
      ]);
      check({ kernel, buffers: [ramp("f32", n), ramp("f32", columns), ramp("f32", 11), allocate("f32", n), allocate("i32", n)], splits: [5] });
    }
    const i = index(30);
    const shifted = add(i, i32(-4));
    const clamped = binary("max", binary("min", shifted, i32(19)), i32(0));
    const inside = binary("and", binary("le", i32(4), i), binary("lt", i, i32(24)));
    const kernel = kernelOf([read("f32"), read("u8"), write("f32"), write("u8")], [
      loop("parallel", i, [store(2, i, select(inside, load(0, "f32", clamped), f32(-1))), store(3, i, select(inside, load(1, "u8", clamped), constant(9, "u8")))]),
    ]);
    check({ kernel, buffers: [ramp("f32", 20), ramp("u8", 20), allocate("f32", 30), allocate("u8", 30)] });
  });

  test("gathers with indices from a buffer", () => {
    const i = index(6), j = index(9);
    const row = load(0, "i32", i), column = load(2, "i32", j);
    const kernel = kernelOf([read("i32"), read("f32"), read("i32"), write("f32"), write("f32")], [
      loop("parallel", i, [loop("parallel", j, [
        store(3, add(scale(i, 9), j), load(1, "f32", add(scale(row, 9), j))),
        store(4, add(scale(i, 9), j), load(1, "f32", add(scale(row, 9), column))),
      ])]),
    ]);
    check({ kernel, buffers: [Int32Array.of(3, 0, 3, 5, 1, 2), ramp("f32", 54), Int32Array.of(8, 1, 1, 0, 4, 7, 2, 2, 5), allocate("f32", 54), allocate("f32", 54)] });
  });

  test("scalars, bitcasts, and conditions outside the vector loop", () => {
    const i = index(5), j = index(11);
    const x = load(0, "f32", add(scale(i, 11), j));
    const kernel = kernelOf([read("f32"), write("f32"), write("i32")], [
      loop("parallel", i, [{
        kind: "if", condition: binary("lt", i, i32(4)),
        body: [loop("parallel", j, [
          store(1, add(scale(i, 11), j), binary("mul", x, param(0, "f32"))),
          store(2, add(scale(i, 11), j), binary("xor", bitcast(x, "i32"), param(1, "i32"))),
        ])],
      }]),
    ], ["f32", "i32"]);
    check({ kernel, buffers: [ramp("f32", 55), allocate("f32", 55), allocate("i32", 55)], scalars: [0.25, 12345] });
  });

  test("Threefry's rounds", () => {
    const i = index(50);
    const u32 = (value: number): Expression => constant(value, "u32");
    let a: Expression = binary("add", cast(i, "u32"), param(0, "u32")), b: Expression = binary("add", load(0, "u32", i), u32(0x1bd11bda));
    for (const rotation of [13, 15, 26, 6, 17, 29, 16, 24]) {
      a = binary("add", a, b);
      b = binary("xor", binary("or", binary("shl", b, u32(rotation)), binary("shr", b, u32(32 - rotation))), a);
    }
    const uniform = binary("mul", cast(binary("shr", a, u32(8)), "f32"), f32(2 ** -24));
    const kernel = kernelOf([read("u32"), write("u32"), write("f32")], [loop("parallel", i, [store(1, i, b), store(2, i, uniform)])], ["u32"]);
    check({ kernel, buffers: [ramp("u32", 50), allocate("u32", 50), allocate("f32", 50)], scalars: [0xdeadbeef] });
  });
});

const ops: readonly ReduceOp[] = ["sum", "prod", "max", "min", "argmax", "argmin"];
/** Sums of eighths and products of powers of two are exact in any order. */
function values(op: ReduceOp, dtype: DType, length: number): TypedArray {
  const out = ramp(dtype, length);
  if (op === "prod") for (let i = 0; i < length; i++) out[i] = [1, 2, 0.5, 1, 2, 0.5][i % 6]! || 1;
  return out;
}

describe("reductions", () => {
  test.each(ops)("%s of rows and of columns", (op) => {
    for (const dtype of ["f32", "f64", "i32", "u32", "bool"] as const) {
      if (dtype === "bool" && op !== "max" && op !== "min") continue;
      const result = op.startsWith("arg") ? "i32" : dtype;
      for (const [rows, columns] of [[1, 1], [3, 5], [9, 40], [21, 17], [4, 100], [6, 8], [5, 4]] as const) {
        const i = index(rows), j = index(columns);
        const r = register(result);
        const x = load(0, dtype, add(scale(i, columns), j));
        const acc = { register: r, op, value: x };
        const buffers = [values(op, dtype, rows * columns), allocate(result, rows)];
        check({ kernel: kernelOf([read(dtype), write(result)], [loop("parallel", i, [loop("reduce", j, [], [acc]), store(1, i, r)])]), buffers });
        const across = [values(op, dtype, rows * columns), allocate(result, columns)];
        check({ kernel: kernelOf([read(dtype), write(result)], [loop("parallel", j, [loop("reduce", i, [], [acc]), store(1, j, r)])]), buffers: across, splits: [1] });
      }
    }
  });

  test("a whole reduction without a parallel loop", () => {
    for (const n of [0, 1, 7, 16, 19, 1000]) {
      const i = index(n), sum = register("f32"), most = register("f32");
      const x = load(0, "f32", i);
      const kernel = kernelOf([read("f32"), write("f32")], [
        loop("reduce", i, [], [{ register: sum, op: "sum", value: x }, { register: most, op: "max", value: binary("mul", x, x) }]), store(1, i32(0), sum), store(1, i32(1), most),
      ]);
      check({ kernel, buffers: [ramp("f32", n), allocate("f32", 2)] });
    }
  });

  test("NaN passes through max and wins argmax at its first place", () => {
    for (const where of [0, 5, 9, 30, 36]) {
      const data = ramp("f32", 37);
      data[where] = NaN;
      data[36] = NaN;
      const i = index(37), m = register("f32"), a = register("i32"), b = register("i32");
      const x = load(0, "f32", i);
      const kernel = kernelOf([read("f32"), write("f32"), write("i32")], [
        loop("reduce", i, [], [{ register: m, op: "min", value: x }, { register: a, op: "argmax", value: x }, { register: b, op: "argmin", value: x }]),
        store(1, i32(0), m), store(2, i32(0), a), store(2, i32(1), b),
      ]);
      check({ kernel, buffers: [data, allocate("f32", 1), allocate("i32", 2)] });
    }
  });

  test("argmax of all -Infinity, of equals, and with a position of its own", () => {
    const i = index(29), a = register("i32"), b = register("i32");
    const kernel = kernelOf([read("f32"), write("i32")], [
      loop("reduce", i, [], [{ register: a, op: "argmax", value: load(0, "f32", i) }, { register: b, op: "argmin", value: load(0, "f32", i), position: affine([{ value: i, coefficient: 3 }], 7) }]),
      store(1, i32(0), a), store(1, i32(1), b),
    ]);
    for (const fill of [-Infinity, Infinity, 2]) check({ kernel, buffers: [new Float32Array(29).fill(fill), allocate("i32", 2)] });
  });

  test("NaN and zeros of both signs in columns, on vectors as in the tail", () => {
    const [rows, columns] = [5, 7];
    const data = ramp("f32", rows * columns);
    data.fill(-0, 14, 28);
    data.set([NaN, 0, -0], 8);
    const i = index(rows), j = index(columns), most = register("f32"), least = register("f32");
    const x = load(0, "f32", add(scale(i, columns), j));
    const kernel = kernelOf([read("f32"), write("f32"), write("f32")], [
      loop("parallel", j, [loop("reduce", i, [], [{ register: most, op: "max", value: x }, { register: least, op: "min", value: x }]), store(1, j, most), store(2, j, least)]),
    ]);
    const run = { kernel, buffers: [data, allocate("f32", columns), allocate("f32", columns)] };
    const [, whole] = check(run), [, split] = check({ ...run, splits: [1, 2, 3] });
    whole!.forEach((v, k) => expect(Object.is(v, split![k])).toBe(true));
  });

  test("argmax over two axes as one position, taken apart again", () => {
    for (const [outer, a, b] of [[3, 5, 6], [2, 3, 17], [4, 9, 3]] as const) {
      const r = index(outer), flat = index(a * b), best = register("i32"), sum = register("f32");
      const row = quotient(flat, b), column = remainder(flat, b);
      // The window lies inside a larger array, so its rows do not follow one another.
      const x = load(0, "f32", affine([{ value: r, coefficient: a * (b + 2) }, { value: row, coefficient: b + 2 }, { value: column, coefficient: 1 }], 1));
      const kernel = kernelOf([read("f32"), write("i32"), write("f32")], [
        loop("parallel", r, [loop("reduce", flat, [], [{ register: best, op: "argmax", value: x }, { register: sum, op: "sum", value: x }]), store(1, r, best), store(2, r, sum)]),
      ]);
      check({ kernel, buffers: [ramp("f32", outer * a * (b + 2) + 1), allocate("i32", outer), allocate("f32", outer)] });
      const ties = ramp("f32", outer * a * (b + 2) + 1).fill(2);
      check({ kernel, buffers: [ties, allocate("i32", outer), allocate("f32", outer)] });
    }
  });

  test("sums over one axis of many, rows and columns flattened", () => {
    for (const [batch, middle, channels] of [[2, 9, 16], [3, 5, 6], [4, 3, 1], [2, 12, 35]] as const) {
      const flat = index(batch * channels), k = index(middle), r = register("f32");
      const x = load(0, "f32", affine([{ value: quotient(flat, channels), coefficient: middle * channels }, { value: k, coefficient: channels }, { value: remainder(flat, channels), coefficient: 1 }], 0));
      const kernel = kernelOf([read("f32"), read("f32"), write("f32")], [
        loop("parallel", flat, [loop("reduce", k, [], [{ register: r, op: "sum", value: x }]), store(2, flat, binary("mul", r, load(1, "f32", remainder(flat, channels))))]),
      ]);
      check({ kernel, buffers: [ramp("f32", batch * middle * channels), ramp("f32", channels), allocate("f32", batch * channels)], splits: [1] });
    }
  });

  test("u8 and bool inputs, counted", () => {
    const i = index(6), j = index(45), r = register("i32"), any = register("bool");
    const x = load(0, "bool", add(scale(i, 45), j));
    const kernel = kernelOf([read("bool"), write("i32"), write("bool")], [
      loop("parallel", i, [loop("reduce", j, [], [{ register: r, op: "sum", value: cast(x, "i32") }, { register: any, op: "max", value: x }]), store(1, i, r), store(2, i, any)]),
    ]);
    check({ kernel, buffers: [ramp("bool", 270), allocate("i32", 6), allocate("bool", 6)] });
  });

  test("windows: small loops written out inside a vector loop", () => {
    const [rows, columns] = [6, 21];
    const i = index(rows), j = index(columns), a = index(3), b = index(2), best = register("f32"), total = register("f32"), place = register("i32"), inner = register("f32");
    const x = load(0, "f32", affine([{ value: i, coefficient: columns + 1 }, { value: a, coefficient: columns + 1 }, { value: j, coefficient: 1 }, { value: b, coefficient: 1 }], 0));
    const out = add(scale(i, columns), j);
    const kernel = kernelOf([read("f32"), write("f32"), write("f32"), write("i32")], [
      loop("parallel", i, [loop("parallel", j, [
        loop("reduce", a, [loop("reduce", b, [{ kind: "let", register: inner, value: binary("mul", x, f32(2)) }], [{ register: total, op: "sum", value: inner }])], [
          { register: best, op: "max", value: total }, { register: place, op: "argmax", value: total },
        ]),
        store(1, out, best), store(2, out, f32(1)), store(3, out, place),
      ])]),
    ]);
    check({ kernel, buffers: [ramp("f32", (rows + 3) * (columns + 1)), allocate("f32", rows * columns), allocate("f32", rows * columns), allocate("i32", rows * columns)], splits: [1] });
  });
});

describe("rows", () => {
  const softmax = (rows: number, columns: number, strideRow: number, strideColumn: number): LoopKernel => {
    const r = index(rows), a = index(columns), b = index(columns), c = index(columns);
    const most = register("f32"), sum = register("f32"), scaleBy = register("f32");
    const at = (j: Index): Expression => add(scale(r, strideRow), scale(j, strideColumn));
    const shifted = (j: Index): Expression => unary("exp", binary("sub", load(0, "f32", at(j)), most));
    return kernelOf([read("f32"), write("f32")], [
      loop("parallel", r, [
        loop("reduce", a, [], [{ register: most, op: "max", value: load(0, "f32", at(a)) }]),
        loop("reduce", b, [], [{ register: sum, op: "sum", value: shifted(b) }]),
        { kind: "let", register: scaleBy, value: unary("recip", sum) },
        loop("parallel", c, [store(1, at(c), binary("mul", shifted(c), scaleBy))]),
      ]),
    ]);
  };

  test("softmax along rows and along columns", () => {
    for (const [rows, columns] of [[5, 33], [19, 6], [7, 100]] as const) {
      check({ kernel: softmax(rows, columns, columns, 1), buffers: [ramp("f32", rows * columns), allocate("f32", rows * columns)] }, 6);
      check({ kernel: softmax(rows, columns, 1, rows), buffers: [ramp("f32", rows * columns), allocate("f32", rows * columns)], splits: [2] }, 6);
    }
  });

  test("layer norm with the row kept in scratch memory, in place", () => {
    const [rows, columns] = [6, 43];
    const r = index(rows), a = index(columns), b = index(columns), c = index(columns);
    const mean = register("f32"), variance = register("f32"), s = register("f32"), v = register("f32"), x = register("f32");
    const at = (j: Index): Expression => add(scale(r, columns), j);
    const buffers: Buffer[] = [
      { dtype: "f32", space: "global", access: "readwrite" }, read("f32"), { dtype: "u8", space: "shared", access: "readwrite", size: 3 }, { dtype: "f32", space: "shared", access: "readwrite", size: columns },
    ];
    const kernel = kernelOf(buffers, [
      loop("parallel", r, [
        loop("reduce", a, [{ kind: "let", register: x, value: load(0, "f32", at(a)) }, store(3, a, x)], [{ register: s, op: "sum", value: x }]),
        { kind: "let", register: mean, value: binary("mul", s, f32(1 / columns)) },
        loop("reduce", b, [], [{ register: v, op: "sum", value: ((d): Expression => binary("mul", d, d))(binary("sub", load(3, "f32", b), mean)) }]),
        { kind: "let", register: variance, value: unary("recip", unary("sqrt", binary("add", binary("mul", v, f32(1 / columns)), f32(1e-5)))) },
        loop("parallel", c, [store(0, at(c), binary("mul", binary("mul", binary("sub", load(3, "f32", c), mean), variance), load(1, "f32", c)))]),
      ]),
    ]);
    check({ kernel, buffers: [ramp("f32", rows * columns), ramp("f32", columns)] }, 8);
  });

  test("a result may lie where an operand lay", () => {
    // Two buffers of one place: every element is read before it is written, also by another statement's value.
    const i = index(21);
    const x = load(0, "f32", i), y = load(1, "f32", i);
    const kernel = kernelOf([read("f32"), read("f32"), write("f32"), write("f32")], [loop("parallel", i, [store(2, i, binary("add", x, y)), store(3, i, binary("mul", x, y))])]);
    const [first, second] = [ramp("f32", 21), ramp("f32", 21, -6)];
    const want = runReference({ kernel, buffers: [first, second, allocate("f32", 21), allocate("f32", 21)] });
    const got = runWasm({ kernel, buffers: [first, second, allocate("f32", 21), allocate("f32", 21)], places: [0, 1, 0, 1] });
    expect([got[2], got[3]]).toEqual([want[2], want[3]]);
  });

  test("a recurrence along a sequential loop, many at once", () => {
    const [steps, width] = [9, 22];
    const t = index(steps), j = index(width);
    const kernel = kernelOf([{ dtype: "f32", space: "global", access: "readwrite" }, read("f32")], [
      loop("parallel", j, [loop("sequential", t, [
        store(0, add(scale(add(t, i32(1)), width), j), binary("add", binary("mul", load(0, "f32", add(scale(t, width), j)), f32(0.5)), load(1, "f32", add(scale(t, width), j)))),
      ])]),
    ]);
    check({ kernel, buffers: [ramp("f32", (steps + 1) * width), ramp("f32", steps * width)], splits: [3] });
  });

  test("a later store sees what an earlier one in the same iteration wrote", () => {
    const i = index(18);
    const kernel = kernelOf([{ dtype: "f32", space: "global", access: "readwrite" }, write("f32")], [
      loop("parallel", i, [store(0, i, binary("add", load(0, "f32", i), f32(1))), store(1, i, load(0, "f32", i))]),
    ]);
    check({ kernel, buffers: [ramp("f32", 18), allocate("f32", 18)] });
  });
});

describe("random expressions", () => {
  const leaf = (depth: number): fc.Arbitrary<(i: Index) => Expression> => fc.oneof(
    fc.integer({ min: -16, max: 16 }).map((k) => () => f32(k / 8)),
    fc.constantFrom(0, 1).map((b) => (i: Index) => load(b, "f32", i)),
    fc.constant((i: Index) => cast(load(2, "i32", i), "f32")),
    ...(depth > 0 ? [tree(depth - 1)] : []),
  );
  const tree = (depth: number): fc.Arbitrary<(i: Index) => Expression> => fc.oneof(
    fc.tuple(fc.constantFrom("add" as const, "sub" as const, "mul" as const, "max" as const, "min" as const), leaf(depth), leaf(depth)).map(([op, a, b]) => (i: Index) => binary(op, a(i), b(i))),
    fc.tuple(fc.constantFrom("neg" as const, "abs" as const, "floor" as const, "round" as const, "sign" as const), leaf(depth)).map(([op, a]) => (i: Index) => unary(op, a(i))),
    fc.tuple(fc.constantFrom("lt" as const, "le" as const, "eq" as const, "ne" as const), leaf(depth), leaf(depth), leaf(depth), leaf(depth)).map(([op, a, b, c, d]) => (i: Index) => select(binary(op, a(i), b(i)), c(i), d(i))),
  );

  test("agree with the reference exactly", () => {
    fc.assert(fc.property(tree(4), tree(3), fc.integer({ min: 1, max: 30 }), (first, second, n) => {
      const i = index(n);
      const kernel = kernelOf([read("f32"), read("f32"), read("i32"), write("f32"), write("f32")], [loop("parallel", i, [store(3, i, first(i)), store(4, i, second(i))])]);
      const small = new Int32Array(n).map((_, k) => (k % 7) - 3);
      check({ kernel, buffers: [ramp("f32", n), ramp("f32", n, -7), small, allocate("f32", n), allocate("f32", n)] });
    }), { numRuns: 150 });
  });
});
