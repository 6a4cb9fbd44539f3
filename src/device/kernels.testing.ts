/** Short names to write kernels by hand, for tests. */
import type { DType } from "../core/dtype.ts";
import { HostRandom } from "../core/random.ts";
import { add, binary, constant, index, load, scale, type Expression, type Index } from "../ir/expression.ts";
import type { Accumulator, Axis, Buffer, Kernel, Loop, LoopKernel, Statement, Store } from "../ir/kernel.ts";
import { interpretKernel } from "./reference/interpret.ts";
import type { Statistics } from "./reference/workers.ts";

export const i32 = (n: number): Expression => constant(n, "i32");
export const f32 = (n: number): Expression => constant(n, "f32");
/** An element of an f32 buffer. */
export const at = (buffer: number, offset: Expression): Expression => load(buffer, "f32", offset);
export const plus = (a: Expression, b: Expression): Expression => binary("add", a, b);
export const lt = (a: Expression, b: Expression): Expression => binary("lt", a, b);
export const store = (buffer: number, offset: Expression, value: Expression): Store => ({
  kind: "store",
  buffer,
  offset,
  value,
});
export const when = (condition: Expression, ...body: Statement[]): Statement => ({ kind: "if", condition, body });
export const barrier: Statement = { kind: "barrier" };
export const loop = (
  axis: Axis,
  i: Index,
  body: readonly Statement[],
  accumulators: readonly Accumulator[] = [],
): Loop => ({ kind: "loop", axis, index: i, extent: i.extent, body, accumulators });

export const read = (dtype: DType): Buffer => ({ dtype, space: "global", access: "read" });
export const write = (dtype: DType): Buffer => ({ dtype, space: "global", access: "write" });
/** Buffers of f32. */
export const global = (access: Buffer["access"]): Buffer => ({ dtype: "f32", space: "global", access });
export const shared = (size: number): Buffer => ({ dtype: "f32", space: "shared", access: "readwrite", size });
export const local = (size: number): Buffer => ({ dtype: "f32", space: "register", access: "readwrite", size });

export const kernelOf = (
  buffers: readonly Buffer[],
  body: readonly Statement[],
  scalars: readonly DType[] = [],
): LoopKernel => ({ kind: "loops", buffers, parameters: { scalars, sizes: 0 }, body });

/** Runs a kernel without parameters once. */
export const run = (kernel: Kernel, ...buffers: Float32Array[]): Statistics =>
  interpretKernel(kernel, [{ buffers, parameters: [] }]);

/** Multiples of 1/8 from −4 to 4: sums and products of a few are exact. */
export const numbers = (count: number, seed: number = 1): Float32Array => {
  const random = new HostRandom(seed);
  return Float32Array.from({ length: count }, () => random.integer(65) / 8 - 4);
};

/** A statement for each `i` below `size`, by workgroups of 8 threads. */
export const map = (size: number, body: (i: Expression) => Statement): Statement => {
  const block = index(Math.ceil(size / 8));
  const thread = index(8);
  const i = add(scale(block, 8), thread);
  return loop("grid", block, [loop("thread", thread, [when(lt(i, i32(size)), body(i))])]);
};
