import { describe, expect, test } from "vitest";
import { allocate, type DType, type TypedArray } from "../../core/dtype.ts";
import {
  add,
  affine,
  binary,
  cast,
  constant,
  index,
  load,
  quotient,
  register,
  remainder,
  scale,
  unary,
  type ReduceOp,
} from "../../ir/expression.ts";
import { f32, i32, read, write, loop, store, kernelOf } from "../kernels.testing.ts";
import { ramp, check } from "./runs.testing.ts";

const ops: readonly ReduceOp[] = ["sum", "prod", "max", "min", "argmax", "argmin"];
/** Sums of eighths and products of powers of two are exact in any order. */
function values(op: ReduceOp, dtype: DType, length: number): TypedArray {
  const out = ramp(dtype, length);
  if (op === "prod") for (let i = 0; i < length; i++) out[i] = [1, 2, 0.5, 1, 2, 0.5][i % 6]! || 1;
  return out;
}

describe("reductions", () => {
  test("a sum in f64 that is equal in all lanes stays one value", () => {
    const i = index(9),
      k = index(2);
    const r = register("f64");
    const sum = loop("reduce", k, [], [{ register: r, op: "sum", value: unary("neg", constant(-1.5, "f64")) }]);
    const kernel = kernelOf([write("f32")], [loop("parallel", i, [sum, store(0, i, cast(r, "f32"))])]);
    expect(check({ kernel, buffers: [allocate("f32", 9)] })[0]).toEqual(new Float32Array(9).fill(3));
  });

  test.each(ops)("%s of rows and of columns", (op) => {
    for (const dtype of ["f32", "f64", "i32", "u32", "bool"] as const) {
      if (dtype === "bool" && op !== "max" && op !== "min") continue;
      const result = op.startsWith("arg") ? "i32" : dtype;
      for (const [rows, columns] of [
        [1, 1],
        [3, 5],
        [9, 40],
        [21, 17],
        [4, 100],
        [6, 8],
        [5, 4],
      ] as const) {
        const i = index(rows),
          j = index(columns);
        const r = register(result);
        const x = load(0, dtype, add(scale(i, columns), j));
        const acc = { register: r, op, value: x };
        const buffers = [values(op, dtype, rows * columns), allocate(result, rows)];
        check({
          kernel: kernelOf(
            [read(dtype), write(result)],
            [loop("parallel", i, [loop("reduce", j, [], [acc]), store(1, i, r)])],
          ),
          buffers,
        });
        const across = [values(op, dtype, rows * columns), allocate(result, columns)];
        check({
          kernel: kernelOf(
            [read(dtype), write(result)],
            [loop("parallel", j, [loop("reduce", i, [], [acc]), store(1, j, r)])],
          ),
          buffers: across,
          splits: [1],
        });
      }
    }
  });

  test("a whole reduction without a parallel loop", () => {
    for (const n of [0, 1, 7, 16, 19, 1000]) {
      const i = index(n),
        sum = register("f32"),
        most = register("f32");
      const x = load(0, "f32", i);
      const kernel = kernelOf(
        [read("f32"), write("f32")],
        [
          loop(
            "reduce",
            i,
            [],
            [
              { register: sum, op: "sum", value: x },
              { register: most, op: "max", value: binary("mul", x, x) },
            ],
          ),
          store(1, i32(0), sum),
          store(1, i32(1), most),
        ],
      );
      check({ kernel, buffers: [ramp("f32", n), allocate("f32", 2)] });
    }
  });

  test("NaN passes through max and wins argmax at its first place", () => {
    for (const where of [0, 5, 9, 30, 36]) {
      const data = ramp("f32", 37);
      data[where] = NaN;
      data[36] = NaN;
      const i = index(37),
        m = register("f32"),
        a = register("i32"),
        b = register("i32");
      const x = load(0, "f32", i);
      const kernel = kernelOf(
        [read("f32"), write("f32"), write("i32")],
        [
          loop(
            "reduce",
            i,
            [],
            [
              { register: m, op: "min", value: x },
              { register: a, op: "argmax", value: x },
              { register: b, op: "argmin", value: x },
            ],
          ),
          store(1, i32(0), m),
          store(2, i32(0), a),
          store(2, i32(1), b),
        ],
      );
      check({ kernel, buffers: [data, allocate("f32", 1), allocate("i32", 2)] });
    }
  });

  test("argmax of all -Infinity, of equals, and with a position of its own", () => {
    const i = index(29),
      a = register("i32"),
      b = register("i32");
    const kernel = kernelOf(
      [read("f32"), write("i32")],
      [
        loop(
          "reduce",
          i,
          [],
          [
            { register: a, op: "argmax", value: load(0, "f32", i) },
            {
              register: b,
              op: "argmin",
              value: load(0, "f32", i),
              position: affine([{ value: i, coefficient: 3 }], 7),
            },
          ],
        ),
        store(1, i32(0), a),
        store(1, i32(1), b),
      ],
    );
    for (const fill of [-Infinity, Infinity, 2])
      check({ kernel, buffers: [new Float32Array(29).fill(fill), allocate("i32", 2)] });
  });

  test("NaN and zeros of both signs in columns, on vectors as in the tail", () => {
    const [rows, columns] = [5, 7];
    const data = ramp("f32", rows * columns);
    data.fill(-0, 14, 28);
    data.set([NaN, 0, -0], 8);
    const i = index(rows),
      j = index(columns),
      most = register("f32"),
      least = register("f32");
    const x = load(0, "f32", add(scale(i, columns), j));
    const kernel = kernelOf(
      [read("f32"), write("f32"), write("f32")],
      [
        loop("parallel", j, [
          loop(
            "reduce",
            i,
            [],
            [
              { register: most, op: "max", value: x },
              { register: least, op: "min", value: x },
            ],
          ),
          store(1, j, most),
          store(2, j, least),
        ]),
      ],
    );
    const run = { kernel, buffers: [data, allocate("f32", columns), allocate("f32", columns)] };
    const [, whole] = check(run),
      [, split] = check({ ...run, splits: [1, 2, 3] });
    whole!.forEach((v, k) => expect(Object.is(v, split![k])).toBe(true));
  });

  test("argmax over two axes as one position, taken apart again", () => {
    for (const [outer, a, b] of [
      [3, 5, 6],
      [2, 3, 17],
      [4, 9, 3],
    ] as const) {
      const r = index(outer),
        flat = index(a * b),
        best = register("i32"),
        sum = register("f32");
      const row = quotient(flat, b),
        column = remainder(flat, b);
      // The window lies inside a larger array, so its rows do not follow one another.
      const x = load(
        0,
        "f32",
        affine(
          [
            { value: r, coefficient: a * (b + 2) },
            { value: row, coefficient: b + 2 },
            { value: column, coefficient: 1 },
          ],
          1,
        ),
      );
      const kernel = kernelOf(
        [read("f32"), write("i32"), write("f32")],
        [
          loop("parallel", r, [
            loop(
              "reduce",
              flat,
              [],
              [
                { register: best, op: "argmax", value: x },
                { register: sum, op: "sum", value: x },
              ],
            ),
            store(1, r, best),
            store(2, r, sum),
          ]),
        ],
      );
      check({
        kernel,
        buffers: [ramp("f32", outer * a * (b + 2) + 1), allocate("i32", outer), allocate("f32", outer)],
      });
      const ties = ramp("f32", outer * a * (b + 2) + 1).fill(2);
      check({ kernel, buffers: [ties, allocate("i32", outer), allocate("f32", outer)] });
    }
  });

  test("sums over one axis of many, rows and columns flattened", () => {
    for (const [batch, middle, channels] of [
      [2, 9, 16],
      [3, 5, 6],
      [4, 3, 1],
      [2, 12, 35],
    ] as const) {
      const flat = index(batch * channels),
        k = index(middle),
        r = register("f32");
      const x = load(
        0,
        "f32",
        affine(
          [
            { value: quotient(flat, channels), coefficient: middle * channels },
            { value: k, coefficient: channels },
            { value: remainder(flat, channels), coefficient: 1 },
          ],
          0,
        ),
      );
      const kernel = kernelOf(
        [read("f32"), read("f32"), write("f32")],
        [
          loop("parallel", flat, [
            loop("reduce", k, [], [{ register: r, op: "sum", value: x }]),
            store(2, flat, binary("mul", r, load(1, "f32", remainder(flat, channels)))),
          ]),
        ],
      );
      check({
        kernel,
        buffers: [ramp("f32", batch * middle * channels), ramp("f32", channels), allocate("f32", batch * channels)],
        splits: [1],
      });
    }
  });

  test("u8 and bool inputs, counted", () => {
    const i = index(6),
      j = index(45),
      r = register("i32"),
      any = register("bool");
    const x = load(0, "bool", add(scale(i, 45), j));
    const kernel = kernelOf(
      [read("bool"), write("i32"), write("bool")],
      [
        loop("parallel", i, [
          loop(
            "reduce",
            j,
            [],
            [
              { register: r, op: "sum", value: cast(x, "i32") },
              { register: any, op: "max", value: x },
            ],
          ),
          store(1, i, r),
          store(2, i, any),
        ]),
      ],
    );
    check({ kernel, buffers: [ramp("bool", 270), allocate("i32", 6), allocate("bool", 6)] });
  });

  test("windows: small loops written out inside a vector loop", () => {
    const [rows, columns] = [6, 21];
    const i = index(rows),
      j = index(columns),
      a = index(3),
      b = index(2),
      best = register("f32"),
      total = register("f32"),
      place = register("i32"),
      inner = register("f32");
    const x = load(
      0,
      "f32",
      affine(
        [
          { value: i, coefficient: columns + 1 },
          { value: a, coefficient: columns + 1 },
          { value: j, coefficient: 1 },
          { value: b, coefficient: 1 },
        ],
        0,
      ),
    );
    const out = add(scale(i, columns), j);
    const kernel = kernelOf(
      [read("f32"), write("f32"), write("f32"), write("i32")],
      [
        loop("parallel", i, [
          loop("parallel", j, [
            loop(
              "reduce",
              a,
              [
                loop(
                  "reduce",
                  b,
                  [{ kind: "let", register: inner, value: binary("mul", x, f32(2)) }],
                  [{ register: total, op: "sum", value: inner }],
                ),
              ],
              [
                { register: best, op: "max", value: total },
                { register: place, op: "argmax", value: total },
              ],
            ),
            store(1, out, best),
            store(2, out, f32(1)),
            store(3, out, place),
          ]),
        ]),
      ],
    );
    check({
      kernel,
      buffers: [
        ramp("f32", (rows + 3) * (columns + 1)),
        allocate("f32", rows * columns),
        allocate("f32", rows * columns),
        allocate("i32", rows * columns),
      ],
      splits: [1],
    });
  });
});
