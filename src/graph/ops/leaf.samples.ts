import { DTYPES } from "../../core/dtype.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import type { OpSamples, Sample } from "../sample.ts";
import { fillOp, inputOp, iotaOp } from "./leaf.ts";

const of = (attributes: Sample["attributes"]): Sample => ({ inputs: [], attributes });

/** Numbers that every dtype takes in its own way: fractions are cut off, what is too large wraps. */
const NUMBERS: readonly number[] = [0, 1, 2.75, -1];

export const samples: readonly OpSamples[] = [
  {
    name: "fill",
    op: fillOp,
    smooth: false,
    ulps: 0,
    valid: [
      ...DTYPES.flatMap((dtype) => NUMBERS.map((value) => of({ shape: [3], dtype, value }))),
      ...[[], [0], [2, 19], [2, 1, 3, 2]].map((shape) => of({ shape, dtype: "f32", value: 0.1 })),
      of({ shape: [2], dtype: "f64", value: 0.1 }),
      of({ shape: [2], dtype: "f32", value: Infinity }),
      of({ shape: [2], dtype: "f32", value: NaN }),
      of({ shape: [2], dtype: "u8", value: 300 }),
      of({ shape: [2], dtype: "u32", value: 4294967295 }),
    ],
    invalid: [
      {
        inputs: [],
        attributes: { shape: [-1], dtype: "f32", value: 0 },
        error: ArgumentError,
        message: "fill: sizes must be whole numbers of 0 or more, got [-1]",
      },
      {
        inputs: [],
        attributes: { shape: [65536, 65536], dtype: "f32", value: 0 },
        error: ShapeError,
        message: "fill: [65536, 65536] has 4.29e+9 elements",
      },
    ],
  },
  {
    name: "iota",
    op: iotaOp,
    smooth: false,
    ulps: 0,
    valid: [
      ...DTYPES.map((dtype) => of({ shape: [2, 3], dtype, axis: 1 })),
      of({ shape: [3, 2, 2], dtype: "f32", axis: 0 }),
      of({ shape: [2, 3, 2, 2], dtype: "i32", axis: 1 }),
      of({ shape: [300], dtype: "u8", axis: 0 }),
      of({ shape: [0], dtype: "i32", axis: 0 }),
      of({ shape: [1], dtype: "f64", axis: 0 }),
      of({ shape: [4, 0, 2], dtype: "f32", axis: 0 }),
      of({ shape: [2, 19], dtype: "u32", axis: 1 }),
    ],
    invalid: [
      {
        inputs: [],
        attributes: { shape: [2], dtype: "i32", axis: 1 },
        error: ShapeError,
        message: "iota: axis 1 is out of range for [2]",
      },
      {
        inputs: [],
        attributes: { shape: [2.5], dtype: "i32", axis: 0 },
        error: ArgumentError,
        message: "iota: sizes must be whole numbers",
      },
    ],
  },
  // A leaf is what other samples read: it has no value of its own to compute.
  { name: "input", op: inputOp, smooth: false, ulps: 0, valid: [], invalid: [] },
];
