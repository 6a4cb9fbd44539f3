/** What ops mean to fusion. */
import type { Node } from "../graph/node.ts";
import { isOp } from "../graph/op.ts";
import { dotOp } from "../graph/ops/dot.ts";
import { contiguousOp, permuteOp, reshapeOp } from "../graph/ops/movement.ts";
import { argmaxOp, argminOp, maxReduceOp, minReduceOp, prodOp, sumOp } from "../graph/ops/reduce.ts";
import { scanOutputOp } from "../graph/ops/scanBody.ts";

export const isReduce = (node: Node): boolean =>
  isOp(node, sumOp, prodOp, maxReduceOp) || isOp(node, minReduceOp, argmaxOp, argminOp);
/** A contraction, perhaps in another order than it is computed in. */
export const isHeavy = (node: Node): boolean =>
  isOp(node, dotOp) || (isOp(node, permuteOp, reshapeOp, contiguousOp) && isHeavy(node.inputs[0]!));
/** Attention or a gradient of it, perhaps in another order. */
const weighs = (node: Node): boolean =>
  !node.source &&
  (node.op.lowerAttention !== undefined || (isOp(node, permuteOp, reshapeOp, contiguousOp) && weighs(node.inputs[0]!)));
/** Ops that are a kernel (or a loop of kernels) of their own. */
export const standsAlone = (node: Node): boolean =>
  node.op.lowerLoops !== undefined || isOp(node, contiguousOp, scanOutputOp) || weighs(node);
