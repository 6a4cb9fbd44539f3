/** What contractions are stored as while `autocast` is on: see autocast.ts. */
import type { DType } from "../core/dtype.ts";
import { isHalf } from "../core/dtype.ts";
import type { HalfType } from "../core/half.ts";
import { gradients as gradientsOf } from "../graph/grad.ts";
import type { Node } from "../graph/node.ts";

let current: HalfType | undefined;

/** The 16-bit dtype that products of matrices and convolutions take their operands in; undefined outside `autocast`. */
export function autocastType(): HalfType | undefined {
  return current;
}

/** Runs `f` with another one, or none. */
export function withAutocast<T>(dtype: HalfType | undefined, f: () => T): T {
  const before = current;
  current = dtype;
  try {
    return f();
  } finally {
    current = before;
  }
}

/** What a contraction takes its operands in that would be of `dtype`. */
export function contractionType(dtype: DType): DType {
  return current && (dtype === "f32" || isHalf(dtype)) ? current : dtype;
}

/** A parameter as it is, or seen in another shape: not computed from anything. */
function isParameter(node: Node): boolean {
  return node.source ? node.requiresGrad : node.op.movement === true && isParameter(node.inputs[0]!);
}

/** Inside `autocast`, parameters in f32 that meet an f16 or bf16 take its dtype: a bias does not make a layer's output f32. */
export function yields(node: Node, dtypes: readonly DType[]): boolean {
  return current !== undefined && node.dtype === "f32" && dtypes.some(isHalf) && isParameter(node);
}

/** As in the graph: gradients have the dtypes that the forward pass chose, and are computed in no others. */
export const gradients: typeof gradientsOf = (...args) => withAutocast(undefined, () => gradientsOf(...args));
