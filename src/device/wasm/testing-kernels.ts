/** For tests: short names for parts of kernels, numbers to run them on, and the comparison with the reference. */
import { allocate, type DType, type TypedArray } from "../../core/dtype.ts";
import { constant, type Expression, type Index } from "../../ir/expression.ts";
import type { Accumulator, Axis, Buffer, Loop, LoopKernel, Statement } from "../../ir/kernel.ts";
import { runReference, runWasm, ulps, type Run } from "./testing.ts";

export const f32 = (value: number): Expression => constant(value, "f32");
export const i32 = (value: number): Expression => constant(value, "i32");
export const read = (dtype: DType): Buffer => ({ dtype, space: "global", access: "read" });
export const write = (dtype: DType): Buffer => ({ dtype, space: "global", access: "write" });
export const loop = (
  axis: Axis,
  i: Index,
  body: readonly Statement[],
  accumulators: readonly Accumulator[] = [],
): Loop => ({ kind: "loop", axis, index: i, extent: i.extent, body, accumulators });
export const store = (buffer: number, offset: Expression, value: Expression): Statement => ({
  kind: "store",
  buffer,
  offset,
  value,
});
export const kernelOf = (
  buffers: readonly Buffer[],
  body: readonly Statement[],
  scalars: readonly DType[] = [],
): LoopKernel => ({ kind: "loops", buffers, parameters: { scalars, sizes: 0 }, body });

/** Numbers that repeat, with signs and fractions, exact in every dtype that holds them. */
export function ramp(dtype: DType, length: number, from = -3): TypedArray {
  const out = allocate(dtype, length);
  for (let i = 0; i < length; i++) {
    const x = ((i * 37) % 101) / 8 + from;
    out[i] =
      dtype === "bool"
        ? (i * 7) % 3 === 0
          ? 1
          : 0
        : dtype === "u8"
          ? (i * 41) % 256
          : dtype === "f32" || dtype === "f64"
            ? x
            : Math.trunc(x * 100);
  }
  return out;
}

export function check(run: Run, tolerance = 0): TypedArray[] {
  const got = runWasm(run),
    want = runReference(run);
  want.forEach((w, b) => {
    for (let i = 0; i < w.length; i++) {
      const distance = ulps(got[b]![i]!, w[i]!);
      if (distance > tolerance) throw new Error(`buffer ${b}[${i}]: got ${got[b]![i]}, want ${w[i]} (${distance} ulp)`);
    }
  });
  return got;
}
