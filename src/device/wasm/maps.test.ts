import { describe, expect, test } from "vitest";
import { allocate } from "../../core/dtype.ts";
import {
  add,
  affine,
  binary,
  bitcast,
  cast,
  constant,
  index,
  load,
  param,
  quotient,
  remainder,
  scale,
  select,
  unary,
  type Expression,
} from "../../ir/expression.ts";
import { ramp, check, runWasm } from "./runs.testing.ts";
import { f32, i32, read, write, loop, store, kernelOf } from "../kernels.testing.ts";

describe("maps", () => {
  test("every length has its tail", () => {
    for (let n = 0; n <= 40; n++) {
      const i = index(n);
      const x = load(0, "f32", i);
      const kernel = kernelOf(
        [read("f32"), write("f32")],
        [loop("parallel", i, [store(1, i, binary("add", binary("mul", x, f32(2)), f32(1)))])],
      );
      check({ kernel, buffers: [ramp("f32", n), allocate("f32", n)] });
      if (n > 9) check({ kernel, buffers: [ramp("f32", n), allocate("f32", n)], splits: [3, 8] });
    }
  });

  test.each(["f32", "f64", "i32", "u32", "u8", "bool"] as const)("arithmetic and comparisons on %s", (dtype) => {
    const n = 37;
    const i = index(n);
    const x = load(0, dtype, i),
      y = load(1, dtype, i);
    const ops =
      dtype === "f32" || dtype === "f64"
        ? (["add", "sub", "mul", "div", "max", "min"] as const)
        : dtype === "bool"
          ? (["and", "or", "xor", "max", "min"] as const)
          : (["add", "sub", "mul", "max", "min", "and", "or", "xor", "mod", "idiv"] as const);
    for (const op of ops) {
      const kernel = kernelOf(
        [read(dtype), read(dtype), write(dtype)],
        [loop("parallel", i, [store(2, i, binary(op, x, y))])],
      );
      check({ kernel, buffers: [ramp(dtype, n), ramp(dtype, n, -5).slice().reverse(), allocate(dtype, n)] });
    }
    for (const op of ["lt", "le", "eq", "ne"] as const) {
      const kernel = kernelOf(
        [read(dtype), read(dtype), write("bool"), write(dtype)],
        [loop("parallel", i, [store(2, i, binary(op, x, y)), store(3, i, select(binary(op, x, y), x, y))])],
      );
      check({ kernel, buffers: [ramp(dtype, n), ramp(dtype, n, -4), allocate("bool", n), allocate(dtype, n)] });
    }
    const unaries =
      dtype === "f32" || dtype === "f64"
        ? (["neg", "abs", "floor", "round", "sign", "sqrt", "recip"] as const)
        : dtype === "bool"
          ? (["not"] as const)
          : (["neg", "abs", "not", "sign"] as const);
    for (const op of unaries) {
      const kernel = kernelOf([read(dtype), write(dtype)], [loop("parallel", i, [store(1, i, unary(op, x))])]);
      check({ kernel, buffers: [ramp(dtype, n, op === "sqrt" ? 0 : -3), allocate(dtype, n)] });
    }
  });

  test.each(["i32", "u32", "u8"] as const)("powers of %s wrap", (dtype) => {
    const i = index(40);
    const kernel = kernelOf(
      [read(dtype), read(dtype), write(dtype)],
      [loop("parallel", i, [store(2, i, binary("pow", load(0, dtype, i), load(1, dtype, i)))])],
    );
    const bases = allocate(dtype, 40).map((_, k) => (dtype === "i32" ? (k % 9) - 4 : k % 9));
    const exponents = allocate(dtype, 40).map((_, k) => (dtype === "i32" ? (k % 14) - 2 : k % 12));
    const [, , got] = runWasm({ kernel, buffers: [bases, exponents, allocate(dtype, 40)] });
    for (let k = 0; k < 40; k++) {
      const [base, exponent] = [bases[k]!, exponents[k]!];
      const exact = exponent < 0 ? (Math.abs(base) === 1 ? base ** exponent : 0) : base ** exponent;
      expect(got![k], `${base} ** ${exponent}`).toBe(Object.assign(allocate(dtype, 1), { 0: exact })[0]);
    }
  });

  test("casts between all dtypes, with saturation", () => {
    const dtypes = ["f32", "f64", "i32", "u32", "u8", "bool"] as const;
    for (const from of dtypes)
      for (const to of dtypes) {
        const i = index(23);
        const kernel = kernelOf(
          [read(from), write(to)],
          [loop("parallel", i, [store(1, i, cast(load(0, from, i), to))])],
        );
        const source = ramp(from, 23);
        if (from === "f32" || from === "f64")
          source.set([NaN, Infinity, -Infinity, 3e9, -3e9, 255.5, 300, -0.5, 5e9, 1e20]);
        if (from === "u32") source.set([4294967295, 2147483648, 16777217]);
        check({ kernel, buffers: [source, allocate(to, 23)] });
      }
  });

  test("broadcast, transposed, strided, reversed and dilated reads", () => {
    const [rows, columns] = [7, 13];
    const i = index(rows),
      j = index(columns);
    const at = (a: Expression, n: number, b: Expression): Expression => add(scale(a, n), b);
    const out = at(i, columns, j);
    const cases: [Expression, number][] = [
      [j, columns],
      [i, rows],
      [at(j, rows, i), rows * columns],
      [
        affine(
          [
            { value: i, coefficient: 2 * columns },
            { value: j, coefficient: 2 },
          ],
          1,
        ),
        4 * rows * columns,
      ],
      [
        affine(
          [
            { value: i, coefficient: columns },
            { value: j, coefficient: -1 },
          ],
          columns - 1,
        ),
        rows * columns,
      ],
      [i32(3), 5],
    ];
    for (const dtype of ["f32", "u8", "bool", "i32"] as const)
      for (const [offset, size] of cases) {
        const body = [loop("parallel", i, [loop("parallel", j, [store(1, out, load(0, dtype, offset))])])];
        check({
          kernel: kernelOf([read(dtype), write(dtype)], body),
          buffers: [ramp(dtype, size), allocate(dtype, rows * columns)],
        });
        const scattered = [
          loop("parallel", i, [loop("parallel", j, [store(1, at(j, rows, i), load(0, dtype, offset))])]),
        ];
        check({
          kernel: kernelOf([read(dtype), write(dtype)], scattered),
          buffers: [ramp(dtype, size), allocate(dtype, rows * columns)],
          splits: [2],
        });
      }
  });

  test("flat indices taken apart, clamped and padded", () => {
    for (const columns of [1, 2, 3, 5, 16]) {
      const n = columns * 11;
      const i = index(n);
      const column = remainder(i, columns),
        row = quotient(i, columns);
      const kernel = kernelOf(
        [read("f32"), read("f32"), read("f32"), write("f32"), write("i32")],
        [
          loop("parallel", i, [
            store(
              3,
              i,
              binary(
                "add",
                load(0, "f32", add(scale(column, 11), row)),
                binary("mul", load(1, "f32", column), load(2, "f32", row)),
              ),
            ),
            store(4, i, add(scale(row, 7), column)),
          ]),
        ],
      );
      check({
        kernel,
        buffers: [ramp("f32", n), ramp("f32", columns), ramp("f32", 11), allocate("f32", n), allocate("i32", n)],
        splits: [5],
      });
    }
    const i = index(30);
    const shifted = add(i, i32(-4));
    const clamped = binary("max", binary("min", shifted, i32(19)), i32(0));
    const inside = binary("and", binary("le", i32(4), i), binary("lt", i, i32(24)));
    const kernel = kernelOf(
      [read("f32"), read("u8"), write("f32"), write("u8")],
      [
        loop("parallel", i, [
          store(2, i, select(inside, load(0, "f32", clamped), f32(-1))),
          store(3, i, select(inside, load(1, "u8", clamped), constant(9, "u8"))),
        ]),
      ],
    );
    check({ kernel, buffers: [ramp("f32", 20), ramp("u8", 20), allocate("f32", 30), allocate("u8", 30)] });
  });

  test("gathers with indices from a buffer", () => {
    const i = index(6),
      j = index(9);
    const row = load(0, "i32", i),
      column = load(2, "i32", j);
    const kernel = kernelOf(
      [read("i32"), read("f32"), read("i32"), write("f32"), write("f32")],
      [
        loop("parallel", i, [
          loop("parallel", j, [
            store(3, add(scale(i, 9), j), load(1, "f32", add(scale(row, 9), j))),
            store(4, add(scale(i, 9), j), load(1, "f32", add(scale(row, 9), column))),
          ]),
        ]),
      ],
    );
    check({
      kernel,
      buffers: [
        Int32Array.of(3, 0, 3, 5, 1, 2),
        ramp("f32", 54),
        Int32Array.of(8, 1, 1, 0, 4, 7, 2, 2, 5),
        allocate("f32", 54),
        allocate("f32", 54),
      ],
    });
  });

  test("scalars, bitcasts, and conditions outside the vector loop", () => {
    const i = index(5),
      j = index(11);
    const x = load(0, "f32", add(scale(i, 11), j));
    const kernel = kernelOf(
      [read("f32"), write("f32"), write("i32")],
      [
        loop("parallel", i, [
          {
            kind: "if",
            condition: binary("lt", i, i32(4)),
            body: [
              loop("parallel", j, [
                store(1, add(scale(i, 11), j), binary("mul", x, param(0, "f32"))),
                store(2, add(scale(i, 11), j), binary("xor", bitcast(x, "i32"), param(1, "i32"))),
              ]),
            ],
          },
        ]),
      ],
      ["f32", "i32"],
    );
    check({ kernel, buffers: [ramp("f32", 55), allocate("f32", 55), allocate("i32", 55)], scalars: [0.25, 12345] });
  });

  test("Threefry's rounds", () => {
    const i = index(50);
    const u32 = (value: number): Expression => constant(value, "u32");
    let a: Expression = binary("add", cast(i, "u32"), param(0, "u32")),
      b: Expression = binary("add", load(0, "u32", i), u32(0x1bd11bda));
    for (const rotation of [13, 15, 26, 6, 17, 29, 16, 24]) {
      a = binary("add", a, b);
      b = binary("xor", binary("or", binary("shl", b, u32(rotation)), binary("shr", b, u32(32 - rotation))), a);
    }
    const uniform = binary("mul", cast(binary("shr", a, u32(8)), "f32"), f32(2 ** -24));
    const kernel = kernelOf(
      [read("u32"), write("u32"), write("f32")],
      [loop("parallel", i, [store(1, i, b), store(2, i, uniform)])],
      ["u32"],
    );
    check({ kernel, buffers: [ramp("u32", 50), allocate("u32", 50), allocate("f32", 50)], scalars: [0xdeadbeef] });
  });
});
