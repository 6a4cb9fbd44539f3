import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  add,
  affine,
  binary,
  constant,
  index,
  load,
  register,
  scale,
  select,
  unary,
  type Expression,
  type Index,
} from "../../ir/expression.ts";
import type { Buffer, ContractKernel, Store } from "../../ir/kernel.ts";
import { interpretKernel } from "../reference/interpret.ts";
import { WasmDevice } from "./device.ts";
import { execute, floats, step } from "./handmade.ts";

/** Products of eighths are exact, so that one rounding or two make no difference. */
const devices = [true, false].map((relaxed) => new WasmDevice({ threads: 1, relaxed }));
const buffer = (access: Buffer["access"]): Buffer => ({ dtype: "f32", space: "global", access });
const f32 = (value: number): Expression => constant(value, "f32");
const i32 = (value: number): Expression => constant(value, "i32");

/** Row-major offset of some positions in an array of this shape. */
function at(shape: readonly number[], ...position: readonly Expression[]): Expression {
  return position.reduce((offset, value, i) => add(scale(offset, shape[i]!), value), i32(0));
}

type Operand = (index: Readonly<Record<string, Index>>) => Expression;
interface Case {
  /** Extents by name. The first letter of a name says which list the index belongs to: b, m, n or k. */
  readonly extents: Readonly<Record<string, number>>;
  readonly left: Operand;
  readonly right: Operand;
  readonly epilogue: (index: Readonly<Record<string, Index>>, sum: Expression) => readonly Store[];
  /** Sizes of the buffers: inputs first; the last `outputs` are written. */
  readonly sizes: readonly number[];
  readonly outputs?: number;
}

function contraction({ extents, left, right, epilogue, sizes, outputs = 1 }: Case): ContractKernel {
  const indices = Object.fromEntries(Object.entries(extents).map(([name, extent]) => [name, index(extent)]));
  const list = (letter: string): { index: Index; extent: number }[] =>
    Object.entries(indices)
      .filter(([name]) => name.startsWith(letter))
      .map(([, i]) => ({ index: i, extent: i.extent }));
  const sum = register("f32");
  return {
    kind: "contract",
    buffers: sizes.map((_, i) => buffer(i < sizes.length - outputs ? "read" : "readwrite")),
    parameters: { scalars: [], sizes: 0 },
    batch: list("b"),
    m: list("m"),
    n: list("n"),
    k: list("k"),
    left: left(indices),
    right: right(indices),
    sum,
    epilogue: epilogue(indices, sum),
  };
}

const store = (b: number, offset: Expression, value: Expression): Store => ({
  kind: "store",
  buffer: b,
  offset,
  value,
});

/**
 * Runs it and compares with what `compute` (the interpreter, unless something faster is given) makes of the same
 * arrays. Inputs are multiples of 1/8, so that every sum is exact in any order.
 */
function check(c: Case, compute?: (arrays: readonly Float32Array[]) => void): void {
  const kernel = contraction(c);
  const arrays = c.sizes.map((n, i) => floats(n, i + 1));
  const want = arrays.map((a) => a.slice());
  if (compute) compute(want);
  else interpretKernel(kernel, [{ buffers: want, parameters: [] }]);
  for (const device of devices) {
    const got = execute(device, [step({ kernel, buffers: arrays.map((_, i) => ({ binding: i })) })], arrays);
    for (let b = c.sizes.length - (c.outputs ?? 1); b < want.length; b++)
      for (let i = 0; i < want[b]!.length; i++)
        if (!Object.is(got[b]![i]! + 0, want[b]![i]! + 0))
          expect.fail(`buffer ${b}[${i}]: got ${got[b]![i]}, want ${want[b]![i]}`);
  }
}

/** A matrix product whose matrices lie as they are (n) or transposed (t). */
function product(m: number, n: number, k: number, layout: string): Case {
  const [l, r, o] = layout;
  return {
    extents: { m, n, k },
    sizes: [m * k, k * n, m * n],
    left: (i) => load(0, "f32", l === "n" ? at([m, k], i["m"]!, i["k"]!) : at([k, m], i["k"]!, i["m"]!)),
    right: (i) => load(1, "f32", r === "n" ? at([k, n], i["k"]!, i["n"]!) : at([n, k], i["n"]!, i["k"]!)),
    epilogue: (i, sum) => [store(2, o === "n" ? at([m, n], i["m"]!, i["n"]!) : at([n, m], i["n"]!, i["m"]!), sum)],
  };
}

/** The same, by three loops. */
function checkLarge(m: number, n: number, k: number, layout: string): void {
  const strides = (letter: string, rows: number, columns: number): readonly [number, number] =>
    letter === "n" ? [columns, 1] : [1, rows];
  const [l, r, o] = [strides(layout[0]!, m, k), strides(layout[1]!, k, n), strides(layout[2]!, m, n)];
  check(product(m, n, k, layout), ([left, right, out]) => {
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) sum += left![i * l[0] + p * l[1]]! * right![p * r[0] + j * r[1]]!;
        out![i * o[0] + j * o[1]] = sum;
      }
  });
}

const LAYOUTS = ["nnn", "nnt", "ntn", "ntt", "tnn", "tnt", "ttn", "ttt"];

describe("matrix products", () => {
  test.each(LAYOUTS)("%s: odd sizes", (layout) => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(size, size, size, (m, n, k) => check(product(m, n, k, layout))),
      { numRuns: 25, seed: 7 },
    );
    for (const [m, n, k] of [
      [1, 1, 1],
      [1, 40, 300],
      [40, 1, 300],
      [1, 300, 40],
      [300, 1, 40],
      [2, 17, 3],
      [0, 4, 4],
      [4, 0, 4],
      [5, 6, 0],
    ] as const)
      check(product(m, n, k, layout));
  });

  test.each(LAYOUTS)("%s: more than one block each way", (layout) => {
    for (const [m, n, k] of [
      [150, 203, 301],
      [129, 16, 1030],
      [8, 700, 24],
      [260, 515, 70],
      [2, 130, 5000],
    ] as const)
      checkLarge(m, n, k, layout);
  });

  test("constant strides of zero, and rows far apart", () => {
    check({
      extents: { m: 20, n: 30, k: 40 },
      sizes: [20 * 97, 30, 600],
      left: (i) =>
        load(
          0,
          "f32",
          affine(
            [
              { value: i["m"]!, coefficient: 97 },
              { value: i["k"]!, coefficient: 2 },
            ],
            5,
          ),
        ),
      right: (i) => load(1, "f32", i["n"]!),
      epilogue: (i, sum) => [store(2, at([20, 30], i["m"]!, i["n"]!), sum)],
    });
  });
});

describe("several indices", () => {
  test("attention: heads split for the scores, merged for the values", () => {
    for (const [b, h, t, d] of [
      [2, 3, 9, 5],
      [3, 2, 40, 24],
      [2, 4, 70, 64],
    ] as const) {
      const shape = [b, t, h, d];
      check({
        extents: { b, bh: h, m: t, n: t, k: d },
        sizes: [b * t * h * d, b * t * h * d, b * h * t * t],
        left: (i) => load(0, "f32", at(shape, i["b"]!, i["m"]!, i["bh"]!, i["k"]!)),
        right: (i) => load(1, "f32", at(shape, i["b"]!, i["n"]!, i["bh"]!, i["k"]!)),
        epilogue: (i, sum) => [
          store(2, at([b, h, t, t], i["b"]!, i["bh"]!, i["m"]!, i["n"]!), binary("mul", sum, f32(0.5))),
        ],
      });
      check({
        extents: { b, bh: h, m: t, n: d, k: t },
        sizes: [b * h * t * t, b * t * h * d, b * t * h * d],
        left: (i) => load(0, "f32", at([b, h, t, t], i["b"]!, i["bh"]!, i["m"]!, i["k"]!)),
        right: (i) => load(1, "f32", at(shape, i["b"]!, i["k"]!, i["bh"]!, i["n"]!)),
        epilogue: (i, sum) => [store(2, at(shape, i["b"]!, i["m"]!, i["bh"]!, i["n"]!), sum)],
      });
    }
  });

  test("projections: n split into heads, k merged from heads that lie apart", () => {
    const [t, h, d, e] = [33, 3, 20, 50];
    check({
      extents: { m: t, nh: h, nd: d, k: e },
      sizes: [t * e, h * d * e, h * t * d],
      left: (i) => load(0, "f32", at([t, e], i["m"]!, i["k"]!)),
      right: (i) => load(1, "f32", at([h, d, e], i["nh"]!, i["nd"]!, i["k"]!)),
      epilogue: (i, sum) => [store(2, at([h, t, d], i["nh"]!, i["m"]!, i["nd"]!), sum)],
    });
    check({
      extents: { m: t, n: e, kh: h, kd: d },
      sizes: [h * t * d, e * h * d, t * e],
      left: (i) => load(0, "f32", at([h, t, d], i["kh"]!, i["m"]!, i["kd"]!)),
      right: (i) => load(1, "f32", at([e, h, d], i["n"]!, i["kh"]!, i["kd"]!)),
      epilogue: (i, sum) => [store(2, at([t, e], i["m"]!, i["n"]!), sum)],
    });
  });

  test("a weight gradient: k over batch and time", () => {
    const [b, t, m, n] = [5, 60, 70, 35];
    check({
      extents: { m, n, kb: b, kt: t },
      sizes: [b * t * m, b * n * t, m * n],
      left: (i) => load(0, "f32", at([b, t, m], i["kb"]!, i["kt"]!, i["m"]!)),
      right: (i) => load(1, "f32", at([b, n, t], i["kb"]!, i["n"]!, i["kt"]!)),
      epilogue: (i, sum) => [store(2, at([m, n], i["m"]!, i["n"]!), sum)],
    });
  });
});

/** A padded image's pixel, as the graph lowers it: a clamped load where the position is inside, zero elsewhere. */
function pixel(
  b: number,
  shape: readonly number[],
  before: readonly Expression[],
  y: Expression,
  x: Expression,
  after: readonly Expression[],
  pad: number,
): Expression {
  const [height, width] = [shape[before.length]!, shape[before.length + 1]!];
  const inside = (p: Expression, size: number): Expression =>
    binary("and", binary("le", i32(pad), p), binary("lt", p, i32(pad + size)));
  const clamp = (p: Expression, size: number): Expression =>
    binary("max", binary("min", affine([{ value: p, coefficient: 1 }], -pad), i32(size - 1)), i32(0));
  const sum = (p: Expression): Expression => p;
  const value = load(b, "f32", at(shape, ...before, clamp(sum(y), height), clamp(sum(x), width), ...after));
  return pad
    ? select(binary("and", inside(y, height), inside(x, width)), value, f32(0))
    : load(b, "f32", at(shape, ...before, y, x, ...after));
}

describe("convolutions", () => {
  const plus = (a: Expression, b: Expression, stride: number): Expression =>
    affine(
      [
        { value: a, coefficient: stride },
        { value: b, coefficient: 1 },
      ],
      0,
    );
  const shapes = [
    { batch: 2, c: 3, height: 9, width: 11, out: 4, size: 3, pad: 1, stride: 1 },
    { batch: 2, c: 16, height: 14, width: 14, out: 20, size: 3, pad: 1, stride: 1 },
    { batch: 1, c: 5, height: 20, width: 28, out: 33, size: 5, pad: 0, stride: 2 },
    { batch: 3, c: 40, height: 7, width: 7, out: 10, size: 3, pad: 1, stride: 2 },
  ];

  test.each(shapes)(
    "channels first, windows on the right: %o",
    ({ batch, c, height, width, out, size, pad, stride }) => {
      const oh = Math.floor((height + 2 * pad - size) / stride) + 1,
        ow = Math.floor((width + 2 * pad - size) / stride) + 1;
      check({
        extents: { b: batch, m: out, nh: oh, nw: ow, kc: c, kh: size, kw: size },
        sizes: [out * c * size * size, batch * c * height * width, batch * out * oh * ow],
        left: (i) => load(0, "f32", at([out, c, size, size], i["m"]!, i["kc"]!, i["kh"]!, i["kw"]!)),
        right: (i) =>
          pixel(
            1,
            [batch, c, height, width],
            [i["b"]!, i["kc"]!],
            plus(i["nh"]!, i["kh"]!, stride),
            plus(i["nw"]!, i["kw"]!, stride),
            [],
            pad,
          ),
        epilogue: (i, sum) => [store(2, at([batch, out, oh, ow], i["b"]!, i["m"]!, i["nh"]!, i["nw"]!), sum)],
      });
    },
  );

  test.each(shapes)("channels last, windows on the left: %o", ({ batch, c, height, width, out, size, pad, stride }) => {
    const oh = Math.floor((height + 2 * pad - size) / stride) + 1,
      ow = Math.floor((width + 2 * pad - size) / stride) + 1;
    check({
      extents: { mb: batch, mh: oh, mw: ow, n: out, kh: size, kw: size, kc: c },
      sizes: [batch * c * height * width, out * c * size * size, batch * out * oh * ow],
      left: (i) =>
        pixel(
          0,
          [batch, height, width, c],
          [i["mb"]!],
          plus(i["mh"]!, i["kh"]!, stride),
          plus(i["mw"]!, i["kw"]!, stride),
          [i["kc"]!],
          pad,
        ),
      right: (i) => load(1, "f32", at([size, size, c, out], i["kh"]!, i["kw"]!, i["kc"]!, i["n"]!)),
      epilogue: (i, sum) => [store(2, at([batch, oh, ow, out], i["mb"]!, i["mh"]!, i["mw"]!, i["n"]!), sum)],
    });
  });

  test.each(shapes)(
    "the weights' gradient, channels first: %o",
    ({ batch, c, height, width, out, size, pad, stride }) => {
      const oh = Math.floor((height + 2 * pad - size) / stride) + 1,
        ow = Math.floor((width + 2 * pad - size) / stride) + 1;
      check({
        extents: { m: out, nc: c, nh: size, nw: size, kb: batch, kh: oh, kw: ow },
        sizes: [batch * out * oh * ow, batch * c * height * width, out * c * size * size],
        left: (i) => load(0, "f32", at([batch, out, oh, ow], i["kb"]!, i["m"]!, i["kh"]!, i["kw"]!)),
        right: (i) =>
          pixel(
            1,
            [batch, c, height, width],
            [i["kb"]!, i["nc"]!],
            plus(i["kh"]!, i["nh"]!, stride),
            plus(i["kw"]!, i["nw"]!, stride),
            [],
            pad,
          ),
        epilogue: (i, sum) => [store(2, at([out, c, size, size], i["m"]!, i["nc"]!, i["nh"]!, i["nw"]!), sum)],
      });
    },
  );
});

describe("prologues and epilogues", () => {
  test("elementwise on both operands", () => {
    const relu = (x: Expression): Expression => binary("max", x, f32(0));
    for (const layout of LAYOUTS) {
      const plain = product(37, 45, 53, layout);
      check({ ...plain, left: (i) => relu(plain.left(i)), right: (i) => unary("neg", plain.right(i)) });
    }
  });

  test("bias, relu and two stores, one of them transposed", () => {
    for (const layout of ["nnn", "ntt"]) {
      const [m, n, k] = [70, 53, 31];
      const plain = product(m, n, k, layout);
      check({
        ...plain,
        sizes: [m * k, k * n, n, m * n, m * n],
        outputs: 2,
        epilogue: (i, sum) => {
          const biased = binary("add", sum, load(2, "f32", i["n"]!));
          return [
            store(3, at([m, n], i["m"]!, i["n"]!), binary("max", biased, f32(0))),
            store(4, at([n, m], i["n"]!, i["m"]!), biased),
          ];
        },
      });
    }
  });

  test("a sum added in place", () => {
    const [m, n, k] = [35, 47, 9];
    check({
      ...product(m, n, k, "nnn"),
      epilogue: (i, sum) => {
        const offset = at([m, n], i["m"]!, i["n"]!);
        return [store(2, offset, binary("add", load(2, "f32", offset), sum))];
      },
    });
  });
});

describe("threads", () => {
  test.each([true, false])("change no bit; relaxed: %s", (relaxed) => {
    const devices = [1, 2, 3].map((threads) => new WasmDevice({ threads, relaxed }));
    for (const [m, n, k] of [
      [300, 200, 700],
      [64, 10, 256],
      [1, 512, 784],
    ] as const) {
      const kernel = contraction(product(m, n, k, "ntn"));
      const arrays = [m * k, k * n, m * n].map((size, i) => floats(size, i + 1).map((x) => Math.sin(x * 100 + size)));
      const runs = devices.map(
        (d) => execute(d, [step({ kernel, buffers: arrays.map((_, i) => ({ binding: i })) })], arrays)[2]!,
      );
      for (const other of runs) expect(other).toEqual(runs[0]);
    }
    for (const d of devices) d.dispose();
  });
});
