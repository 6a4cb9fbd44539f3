import type { DType } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { Op } from "../op.ts";
import { list, on, SHAPES, type, type Grid, type InvalidSample, type OpSamples, type Sample } from "../sample.ts";
import * as ops from "./binary.ts";

type Pairs = readonly (readonly [number, number])[];

/** Pairs of numbers that are not, or hardly, numbers. */
const LIMITS: Pairs = [
  [0, 0],
  [-0, 0],
  [1, 0],
  [-1, 0],
  [Infinity, 1],
  [Infinity, Infinity],
  [Infinity, -Infinity],
  [-Infinity, 2],
  [1, Infinity],
  [NaN, 1],
  [1, NaN],
];

/** What machines disagree on, some by stopping. */
const BY_ZERO: Pairs = [
  [0, 0],
  [1, 0],
  [7, 0],
];

/** Pairs of integers around the limits of their dtype, where wrapping shows. */
const EXTREMES: Readonly<Partial<Record<DType, Pairs>>> = {
  i32: [
    [2147483647, 1],
    [-2147483648, -1],
    [-2147483648, 1],
    [123456789, 987654321],
    [-7, 3],
    [7, -3],
    [65536, 65536],
  ],
  u32: [
    [4294967295, 1],
    [0, 1],
    [4294967295, 4294967295],
    [2147483648, 3],
    [123456789, 3987654321],
    [7, 3],
  ],
  u8: [
    [255, 1],
    [0, 1],
    [255, 255],
    [200, 100],
    [7, 3],
  ],
};

interface Family {
  readonly smooth?: boolean;
  readonly ulps?: number;
  readonly ulps64?: number;
  readonly left?: Partial<Grid>;
  readonly right?: Partial<Grid>;
  /** Kinks where the two are equal: the right is moved off the left's grid. */
  readonly apart?: boolean;
  readonly floats?: boolean;
  readonly integers?: readonly DType[];
  /** For integers; small and non-negative as shifts are, or without the 0 that nothing can be divided by. */
  readonly integerRight?: Partial<Grid>;
  readonly extremes?: (pair: readonly [number, number]) => boolean;
  readonly bool?: boolean;
  readonly dividing?: boolean;
  readonly pairs?: readonly Pairs[];
  readonly refused?: readonly DType[];
}

function family(name: string, op: Op, options: Family = {}): OpSamples {
  const {
    smooth = true,
    ulps = 0,
    ulps64 = ulps,
    left = {},
    right = {},
    apart = false,
    floats = true,
    integers = [],
    integerRight = {},
  } = options;
  const { extremes = () => true, dividing = false, bool = false, pairs = [], refused = [] } = options;
  const two = (a: Sample["inputs"][0], b: Sample["inputs"][0], more: Partial<Sample> = {}): Sample => ({
    inputs: [a, b],
    attributes: {},
    ...more,
  });
  const listed = (dtype: DType, values: Pairs, about: string): Sample =>
    two(
      list(
        dtype,
        values.map(([a]) => a),
      ),
      list(
        dtype,
        values.map(([, b]) => b),
      ),
      { about, differentiable: false },
    );
  const off = apart ? { from: -2 + 1 / 16, to: 2 } : {};
  const valid: Sample[] = [];
  if (floats) {
    for (const shape of SHAPES) valid.push(two(on("f32", shape, left), on("f32", shape, { ...off, ...right })));
    for (const shape of [[7], [2, 3, 2]])
      valid.push(two(on("f64", shape, left), on("f64", shape, { ...off, ...right })));
    for (const dtype of ["f32", "f64"] as const) {
      valid.push(
        listed(
          dtype,
          LIMITS.filter(([a]) => Math.abs(a) !== Infinity),
          "limits",
        ),
        listed(
          dtype,
          LIMITS.filter(([a]) => Math.abs(a) === Infinity),
          "infinite",
        ),
      );
      // On a coarse grid many are equal.
      if (apart)
        valid.push(
          two(on(dtype, [12], { step: 1 }), on(dtype, [12], { step: 1 }), { about: "ties", differentiable: false }),
        );
      pairs.forEach((values, i) => valid.push(listed(dtype, values, `values ${i + 1}`)));
    }
  }
  for (const dtype of integers) {
    for (const shape of [[3, 5], [], [0], [2, 1, 3, 2]])
      valid.push(two(on(dtype, shape), on(dtype, shape, integerRight)));
    valid.push(listed(dtype, EXTREMES[dtype]!.filter(extremes), "extremes"));
    if (dividing) valid.push(listed(dtype, BY_ZERO, "by 0"));
  }
  if (bool)
    valid.push(
      two(list("bool", [0, 0, 1, 1]), list("bool", [0, 1, 0, 1])),
      two(on("bool", [2, 9]), on("bool", [2, 9])),
    );
  const taken = floats ? "f32" : "i32";
  const invalid: InvalidSample[] = [
    {
      inputs: [type(taken, [2, 3]), type(taken, [3])],
      attributes: {},
      error: ShapeError,
      message: `${op.name}: shapes differ: [2, 3] and [3]`,
    },
    {
      inputs: [type(taken, [2]), type("u8", [2])],
      attributes: {},
      error: DTypeError,
      message: `${op.name}: dtypes differ: ${taken} and u8`,
    },
    ...refused.map((dtype): InvalidSample => ({
      inputs: [type(dtype, [2]), type(dtype, [2])],
      attributes: {},
      error: DTypeError,
      message: `${op.name}: needs `,
    })),
  ];
  return { name, op, smooth, ulps, ulps64, valid, invalid };
}

const ALL_INTEGERS: readonly DType[] = ["i32", "u32", "u8"];
const FLOATS_ONLY: readonly DType[] = ["bool", "u8", "i32", "u32"];
const numbers: Family = { integers: ALL_INTEGERS, refused: ["bool"] };
const compare: Family = { smooth: false, apart: true, integers: ALL_INTEGERS, bool: true };
const bits: Family = { smooth: false, floats: false, integers: ALL_INTEGERS, bool: true, refused: ["f32", "f64"] };
const shift: Family = {
  ...bits,
  bool: false,
  integerRight: { from: 0, to: 7 },
  // What shifting by more than the width gives differs from machine to machine.
  extremes: ([, by]) => by >= 0 && by < 8,
  refused: ["f32", "f64", "bool"],
};
/** Integer division by 0 gives 0 here, an error elsewhere; it is tried on its own. */
const byNonZero: Family = { ...numbers, dividing: true, integerRight: { from: 1, to: 5 } };

export const samples: readonly OpSamples[] = [
  family("add", ops.addOp, numbers),
  family("sub", ops.subOp, numbers),
  family("mul", ops.mulOp, numbers),
  family("div", ops.divOp, {
    right: { avoid: [0] },
    refused: FLOATS_ONLY,
    pairs: [
      [
        [1, 3],
        [1e30, 1e-30],
        [1e-30, 1e30],
        [-2, 7],
        [0, 5],
      ],
    ],
  }),
  family("pow", ops.powOp, {
    ulps: 8,
    // The exponent multiplies what the logarithm is off: by 70 in 10³⁰.
    ulps64: 80,
    left: { from: 1 / 8, to: 3 },
    refused: FLOATS_ONLY,
    pairs: [
      [
        [0, 2],
        [0, 0],
        [-2, 3],
        [-2, 2],
        [-8, 1 / 4],
        [1, NaN],
        [-1, Infinity],
        [10, 30],
        [0, -1],
      ],
    ],
  }),
  family("max", ops.maxOp, { apart: true, integers: ALL_INTEGERS, bool: true }),
  family("min", ops.minOp, { apart: true, integers: ALL_INTEGERS, bool: true }),
  family("mod", ops.modOp, {
    ...byNonZero,
    // A quotient of 16ths by an odd number of 8ths is never whole.
    left: { from: -2 + 1 / 16, to: 2 },
    right: { from: -15 / 8, to: 15 / 8, step: 1 / 4, avoid: [] },
    pairs: [
      [
        [5.5, 2],
        [-5.5, 2],
        [5.5, -2],
        [-5.5, -2],
        [4, 2],
        [-4, 2],
      ],
      // Quotients of more digits than a float has.
      [
        [2 ** 32, 1.5],
        [-(2 ** 32), 1.5],
        [2 ** 32, -1.5],
        [2 ** 100, 1.25],
        [2 ** 100, -1.375],
        [-(2 ** 120), 3],
        [2 ** 70, 1.5 * 2 ** -50],
        [1.5 * 2 ** 60, 1.75 * 2 ** -60],
        [2 ** 127, 1.5 * 2 ** 126],
        [1.5 * 2 ** 127, -1.25 * 2 ** 127],
      ],
    ],
  }),
  family("idiv", ops.idivOp, {
    ...byNonZero,
    smooth: false,
    right: { from: -2, to: 2, step: 1 / 2, avoid: [0, -3 / 2, 3 / 2] },
    pairs: [
      [
        [5.5, 2],
        [-5.5, 2],
        [5.5, -2],
        [-5.5, -2],
        [4, 2],
        [-4, 2],
      ],
      // The first divisors are 0.1 in f32: in f32 the quotient rounds up to 10.
      [
        [1, 0.10000000149011612],
        [-1, 0.10000000149011612],
        [1, -0.10000000149011612],
        [2 ** 32, 1.5],
        [-(2 ** 40), 1.5],
        [2 ** 100, 1.25],
      ],
    ],
  }),
  family("lt", ops.ltOp, compare),
  family("le", ops.leOp, compare),
  family("eq", ops.eqOp, compare),
  family("ne", ops.neOp, compare),
  family("and", ops.andOp, bits),
  family("or", ops.orOp, bits),
  family("xor", ops.xorOp, bits),
  family("shl", ops.shlOp, shift),
  family("shr", ops.shrOp, shift),
];
