import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allocate } from "../../core/dtype.ts";
import {
  add,
  binary,
  cast,
  index,
  load,
  register,
  scale,
  select,
  unary,
  type Expression,
  type Index,
} from "../../ir/expression.ts";
import type { Buffer, LoopKernel } from "../../ir/kernel.ts";
import { ramp, check, runReference, runWasm } from "./runs.testing.ts";
import { f32, i32, read, write, loop, store, kernelOf } from "../kernels.testing.ts";

describe("rows", () => {
  const softmax = (rows: number, columns: number, strideRow: number, strideColumn: number): LoopKernel => {
    const r = index(rows),
      a = index(columns),
      b = index(columns),
      c = index(columns);
    const most = register("f32"),
      sum = register("f32"),
      scaleBy = register("f32");
    const at = (j: Index): Expression => add(scale(r, strideRow), scale(j, strideColumn));
    const shifted = (j: Index): Expression => unary("exp", binary("sub", load(0, "f32", at(j)), most));
    return kernelOf(
      [read("f32"), write("f32")],
      [
        loop("parallel", r, [
          loop("reduce", a, [], [{ register: most, op: "max", value: load(0, "f32", at(a)) }]),
          loop("reduce", b, [], [{ register: sum, op: "sum", value: shifted(b) }]),
          { kind: "let", register: scaleBy, value: unary("recip", sum) },
          loop("parallel", c, [store(1, at(c), binary("mul", shifted(c), scaleBy))]),
        ]),
      ],
    );
  };

  test("softmax along rows and along columns", () => {
    for (const [rows, columns] of [
      [5, 33],
      [19, 6],
      [7, 100],
    ] as const) {
      check(
        {
          kernel: softmax(rows, columns, columns, 1),
          buffers: [ramp("f32", rows * columns), allocate("f32", rows * columns)],
        },
        6,
      );
      check(
        {
          kernel: softmax(rows, columns, 1, rows),
          buffers: [ramp("f32", rows * columns), allocate("f32", rows * columns)],
          splits: [2],
        },
        // Down columns a sum runs term by term: 100 roundings scatter by 1.7 ulp (standard deviation) on top of exp and division.
        12,
      );
    }
  });

  test("layer norm with the row kept in scratch memory, in place", () => {
    const [rows, columns] = [6, 43];
    const r = index(rows),
      a = index(columns),
      b = index(columns),
      c = index(columns);
    const mean = register("f32"),
      variance = register("f32"),
      s = register("f32"),
      v = register("f32"),
      x = register("f32");
    const at = (j: Index): Expression => add(scale(r, columns), j);
    const buffers: Buffer[] = [
      { dtype: "f32", space: "global", access: "readwrite" },
      read("f32"),
      { dtype: "u8", space: "shared", access: "readwrite", size: 3 },
      { dtype: "f32", space: "shared", access: "readwrite", size: columns },
    ];
    const kernel = kernelOf(buffers, [
      loop("parallel", r, [
        loop(
          "reduce",
          a,
          [{ kind: "let", register: x, value: load(0, "f32", at(a)) }, store(3, a, x)],
          [{ register: s, op: "sum", value: x }],
        ),
        { kind: "let", register: mean, value: binary("mul", s, f32(1 / columns)) },
        loop(
          "reduce",
          b,
          [],
          [
            {
              register: v,
              op: "sum",
              value: ((d): Expression => binary("mul", d, d))(binary("sub", load(3, "f32", b), mean)),
            },
          ],
        ),
        {
          kind: "let",
          register: variance,
          value: unary("recip", unary("sqrt", binary("add", binary("mul", v, f32(1 / columns)), f32(1e-5)))),
        },
        loop("parallel", c, [
          store(
            0,
            at(c),
            binary("mul", binary("mul", binary("sub", load(3, "f32", c), mean), variance), load(1, "f32", c)),
          ),
        ]),
      ]),
    ]);
    check({ kernel, buffers: [ramp("f32", rows * columns), ramp("f32", columns)] }, 8);
  });

  test("a result may lie where an operand lay", () => {
    // Two buffers of one place: every element is read before it is written, also by another statement's value.
    const i = index(21);
    const x = load(0, "f32", i),
      y = load(1, "f32", i);
    const kernel = kernelOf(
      [read("f32"), read("f32"), write("f32"), write("f32")],
      [loop("parallel", i, [store(2, i, binary("add", x, y)), store(3, i, binary("mul", x, y))])],
    );
    const [first, second] = [ramp("f32", 21), ramp("f32", 21, -6)];
    const want = runReference({ kernel, buffers: [first, second, allocate("f32", 21), allocate("f32", 21)] });
    const got = runWasm({
      kernel,
      buffers: [first, second, allocate("f32", 21), allocate("f32", 21)],
      places: [0, 1, 0, 1],
    });
    expect([got[2], got[3]]).toEqual([want[2], want[3]]);
  });

  test("a recurrence along a sequential loop, many at once", () => {
    const [steps, width] = [9, 22];
    const t = index(steps),
      j = index(width);
    const kernel = kernelOf(
      [{ dtype: "f32", space: "global", access: "readwrite" }, read("f32")],
      [
        loop("parallel", j, [
          loop("sequential", t, [
            store(
              0,
              add(scale(add(t, i32(1)), width), j),
              binary(
                "add",
                binary("mul", load(0, "f32", add(scale(t, width), j)), f32(0.5)),
                load(1, "f32", add(scale(t, width), j)),
              ),
            ),
          ]),
        ]),
      ],
    );
    check({ kernel, buffers: [ramp("f32", (steps + 1) * width), ramp("f32", steps * width)], splits: [3] });
  });

  test("a later store sees what an earlier one in the same iteration wrote", () => {
    const i = index(18);
    const kernel = kernelOf(
      [{ dtype: "f32", space: "global", access: "readwrite" }, write("f32")],
      [loop("parallel", i, [store(0, i, binary("add", load(0, "f32", i), f32(1))), store(1, i, load(0, "f32", i))])],
    );
    check({ kernel, buffers: [ramp("f32", 18), allocate("f32", 18)] });
  });
});

describe("random expressions", () => {
  const leaf = (depth: number): fc.Arbitrary<(i: Index) => Expression> =>
    fc.oneof(
      fc.integer({ min: -16, max: 16 }).map((k) => () => f32(k / 8)),
      fc.constantFrom(0, 1).map((b) => (i: Index) => load(b, "f32", i)),
      fc.constant((i: Index) => cast(load(2, "i32", i), "f32")),
      ...(depth > 0 ? [tree(depth - 1)] : []),
    );
  const tree = (depth: number): fc.Arbitrary<(i: Index) => Expression> =>
    fc.oneof(
      fc
        .tuple(
          fc.constantFrom("add" as const, "sub" as const, "mul" as const, "max" as const, "min" as const),
          leaf(depth),
          leaf(depth),
        )
        .map(
          ([op, a, b]) =>
            (i: Index) =>
              binary(op, a(i), b(i)),
        ),
      fc
        .tuple(
          fc.constantFrom("neg" as const, "abs" as const, "floor" as const, "round" as const, "sign" as const),
          leaf(depth),
        )
        .map(
          ([op, a]) =>
            (i: Index) =>
              unary(op, a(i)),
        ),
      fc
        .tuple(
          fc.constantFrom("lt" as const, "le" as const, "eq" as const, "ne" as const),
          leaf(depth),
          leaf(depth),
          leaf(depth),
          leaf(depth),
        )
        .map(
          ([op, a, b, c, d]) =>
            (i: Index) =>
              select(binary(op, a(i), b(i)), c(i), d(i)),
        ),
    );

  test("agree with the reference exactly", () => {
    fc.assert(
      fc.property(tree(4), tree(3), fc.integer({ min: 1, max: 30 }), (first, second, n) => {
        const i = index(n);
        const kernel = kernelOf(
          [read("f32"), read("f32"), read("i32"), write("f32"), write("f32")],
          [loop("parallel", i, [store(3, i, first(i)), store(4, i, second(i))])],
        );
        const small = new Int32Array(n).map((_, k) => (k % 7) - 3);
        check({ kernel, buffers: [ramp("f32", n), ramp("f32", n, -7), small, allocate("f32", n), allocate("f32", n)] });
      }),
      { numRuns: 150 },
    );
  });
});
