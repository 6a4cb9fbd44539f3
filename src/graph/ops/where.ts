import { DTypeError, ShapeError } from "../../core/errors.ts";
import { sameShape, show } from "../../core/shape.ts";
import { select } from "../../ir/expression.ts";
import type { Node } from "../node.ts";
import { apply, type Op } from "../op.ts";
import { fill } from "./leaf.ts";

/** `yes` where the condition holds, `no` elsewhere. The branch not taken gets gradient 0, even where it is NaN or infinite. */
export const whereOp: Op = {
  name: "where",
  infer([condition, yes, no]) {
    if (condition!.dtype !== "bool")
      throw new DTypeError(`where: the condition must be bool, got ${condition!.dtype}. Use x.ne(0)`);
    if (yes!.dtype !== no!.dtype)
      throw new DTypeError(`where: dtypes differ: ${yes!.dtype} and ${no!.dtype}. Use cast on one of them`);
    if (!sameShape(condition!.shape, yes!.shape) || !sameShape(yes!.shape, no!.shape))
      throw new ShapeError(
        `where: shapes differ: ${show(condition!.shape)}, ${show(yes!.shape)} and ${show(no!.shape)}`,
      );
    return { shape: yes!.shape, dtype: yes!.dtype };
  },
  vjp({ grad, inputs: [condition] }) {
    const zero = fill(grad.shape, 0, grad.dtype);
    return [undefined, where(condition!, grad, zero), where(condition!, zero, grad)];
  },
  lower: ({ inputs: [condition, yes, no], index }) => select(condition!(index), yes!(index), no!(index)),
};
export const where = (condition: Node, yes: Node, no: Node): Node => apply(whereOp, [condition, yes, no], {});
