import { describe, expect, test } from "vitest";
import {
  add,
  affine,
  binary,
  constant,
  index,
  load,
  quotient,
  register,
  remainder,
  scale,
  unary,
  type Expression,
  type Index,
} from "../../ir/expression.ts";
import type { Accumulator, Axis, Loop, LoopKernel, Statement } from "../../ir/kernel.ts";
import { parameterize } from "../../ir/parameterize.ts";
import { speculate } from "./speculate.ts";
import { unrollLoops } from "../../ir/unroll.ts";
import { WASM } from "../wasm/target.ts";
import { vectorize as vectorizeFor } from "./vectorize.ts";

const vectorize = (kernel: LoopKernel): LoopKernel => vectorizeFor(kernel, WASM);

const loop = (axis: Axis, i: Index, body: readonly Statement[], accumulators: readonly Accumulator[] = []): Loop => ({
  kind: "loop",
  axis,
  index: i,
  extent: i.extent,
  body,
  accumulators,
});
const store = (buffer: number, offset: Expression, value: Expression): Statement => ({
  kind: "store",
  buffer,
  offset,
  value,
});
const kernelOf = (...body: Statement[]): LoopKernel => {
  const buffers = [0, 1, 2].map(() => ({
    dtype: "f32" as const,
    space: "global" as const,
    access: "readwrite" as const,
  }));
  return parameterize<LoopKernel>({ kind: "loops", buffers, parameters: { scalars: [], sizes: 0 }, body }).kernel;
};
/** The axes of a nest, outermost first, siblings in brackets. */
const axes = (statements: readonly Statement[]): string =>
  statements
    .flatMap((s) =>
      s.kind === "loop" ? [`${s.axis}${s.body.some((x) => x.kind === "loop") ? `(${axes(s.body)})` : ""}`] : [],
    )
    .join(" ");
const i = index(100),
  j = index(200),
  r = register("f32");
const rowMajor = load(0, "f32", add(scale(i, 200), j));

describe("vectorize", () => {
  test("rows are summed along the row, columns side by side", () => {
    const sum = { register: r, op: "sum" as const, value: rowMajor };
    expect(axes(vectorize(kernelOf(loop("parallel", i, [loop("reduce", j, [], [sum]), store(1, i, r)]))).body)).toBe(
      "sequential(vector)",
    );
    expect(axes(vectorize(kernelOf(loop("parallel", j, [loop("reduce", i, [], [sum]), store(1, j, r)]))).body)).toBe(
      "vector(sequential)",
    );
  });

  test("a transposing copy runs along one side, whichever", () => {
    const kernel = kernelOf(
      loop("parallel", i, [
        loop("parallel", j, [store(1, add(scale(i, 200), j), load(0, "f32", add(scale(j, 100), i)))]),
      ]),
    );
    expect(axes(vectorize(kernel).body)).toMatch(/^(vector\(sequential\)|sequential\(vector\))$/);
  });

  test("each loop of a row is chosen for itself; small ones are written out", () => {
    const k = index(3),
      s = register("f32");
    const row = loop("parallel", i, [
      loop("reduce", j, [], [{ register: r, op: "max", value: rowMajor }]),
      loop("parallel", j, [store(1, add(scale(i, 200), j), binary("sub", rowMajor, r))]),
      loop("reduce", k, [], [{ register: s, op: "sum", value: load(2, "f32", k) }]),
    ]);
    const made = vectorize(kernelOf(row));
    expect(axes(made.body)).toBe("sequential(vector vector unroll)");
    expect(axes(unrollLoops(made).body)).toBe("sequential(vector vector)");
  });

  test("f64, sequential loops and lanes that store to one place stay scalar", () => {
    const x = load(0, "f64", i);
    expect(axes(vectorize(kernelOf(loop("parallel", i, [store(1, i, x)]))).body)).toBe("sequential");
    expect(axes(vectorize(kernelOf(loop("sequential", i, [store(1, i, load(0, "f32", i))]))).body)).toBe("sequential");
    expect(axes(vectorize(kernelOf(loop("parallel", i, [store(1, constant(0, "i32"), load(0, "f32", i))]))).body)).toBe(
      "sequential",
    );
  });

  test("speculation turns flat indices into strides", () => {
    const flat = index(1200);
    const body = store(
      1,
      flat,
      unary(
        "neg",
        load(
          0,
          "f32",
          affine(
            [
              { value: quotient(flat, 60), coefficient: 100 },
              { value: remainder(flat, 60), coefficient: 1 },
            ],
            0,
          ),
        ),
      ),
    );
    const made = speculate(vectorize(kernelOf(loop("parallel", flat, [body]))).body[0] as Loop);
    expect(made?.lets.length).toBeGreaterThan(0);
    expect(made?.guard(8).dtype).toBe("bool");
    const plain = store(1, flat, binary("add", load(0, "f32", flat), constant(1, "f32")));
    expect(speculate(vectorize(kernelOf(loop("parallel", flat, [plain]))).body[0] as Loop)).toBeUndefined();
  });
});
