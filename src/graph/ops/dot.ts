import { DTypeError, ShapeError } from "../../core/errors.ts";
import { checkShape, show } from "../../core/shape.ts";
import { binary, index as freshIndex, reduce, type Expression } from "../../ir/expression.ts";
import type { Node } from "../node.ts";
import { apply, type Op } from "../op.ts";
import { permute } from "./movement.ts";

/** Paired axes of the two operands: those kept side by side, and those summed over. */
export type Pairing = {
  readonly batch: readonly [readonly number[], readonly number[]];
  readonly contract: readonly [readonly number[], readonly number[]];
};

const without = (rank: number, ...taken: (readonly number[])[]): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((i) => !taken.some((t) => t.includes(i)));
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/**
 * Products of two tensors summed over the contracted axes: [batch …, free axes of a …, free axes of b …].
 * Matrix products, einsum and convolutions (over `window` views) are all this; it is closed under its own gradient.
 */
export const dotOp: Op<Pairing> = {
  name: "dot",
  infer([a, b], { batch, contract }) {
    if (a!.dtype !== b!.dtype)
      throw new DTypeError(`dot: dtypes differ: ${a!.dtype} and ${b!.dtype}. Use cast on one of them`);
    if (a!.dtype === "bool") throw new DTypeError(`dot: needs numbers, got bool. Use cast("f32") first`);
    for (const [left, right] of [batch, contract])
      left.forEach((axis, i) => {
        if (a!.shape[axis] !== b!.shape[right[i]!])
          throw new ShapeError(
            `dot: axis ${axis} of ${show(a!.shape)} and axis ${right[i]} of ${show(b!.shape)} differ (${a!.shape[axis]} ≠ ${b!.shape[right[i]!]})`,
          );
      });
    const shape = [
      ...batch[0].map((i) => a!.shape[i]!),
      ...without(a!.shape.length, batch[0], contract[0]).map((i) => a!.shape[i]!),
      ...without(b!.shape.length, batch[1], contract[1]).map((i) => b!.shape[i]!),
    ];
    checkShape("dot", shape);
    return { shape, dtype: a!.dtype };
  },
  vjp({ grad, inputs: [a, b], attributes: { batch, contract } }) {
    const nb = batch[0].length;
    const freeA = without(a!.shape.length, batch[0], contract[0]);
    const freeB = without(b!.shape.length, batch[1], contract[1]);
    const gradA = nb + freeA.length;
    const inA = range(nb, gradA);
    const inB = range(gradA, gradA + freeB.length);
    const sortedB = contract[1].slice().sort((x, y) => x - y);
    const sortedA = contract[0].slice().sort((x, y) => x - y);
    // Each result lists its axes as [batch, free, contracted]; the permutation brings them back to the operand's order.
    const backA = [...batch[0], ...freeA, ...sortedB.map((axis) => contract[0][contract[1].indexOf(axis)]!)];
    const backB = [...batch[1], ...freeB, ...sortedA.map((axis) => contract[1][contract[0].indexOf(axis)]!)];
    const toA = (): Node => dot(grad, b!, { batch: [range(0, nb), batch[1]], contract: [inB, freeB] });
    const toB = (): Node => dot(grad, a!, { batch: [range(0, nb), batch[0]], contract: [inA, freeA] });
    return [
      a!.requiresGrad
        ? permute(
            toA(),
            backA.map((_, i) => backA.indexOf(i)),
          )
        : undefined,
      b!.requiresGrad
        ? permute(
            toB(),
            backB.map((_, i) => backB.indexOf(i)),
          )
        : undefined,
    ];
  },
  batch({ given: [a, b], mapped: [left, right], attributes: { batch, contract } }) {
    const up = (axes: readonly number[], moved: boolean | undefined): number[] =>
      axes.map((axis) => axis + Number(moved));
    const both = left && right;
    const product = dot(a!, b!, {
      batch: [
        [...(both ? [0] : []), ...up(batch[0], left)],
        [...(both ? [0] : []), ...up(batch[1], right)],
      ],
      contract: [up(contract[0], left), up(contract[1], right)],
    });
    if (both) return product;
    // The examples of one side alone are one more of its free axes, the first.
    const at = left ? batch[0].length : a!.shape.length - contract[0].length;
    return permute(product, [at, ...range(0, at), ...range(at + 1, product.shape.length)]);
  },
  lower({ inputs: [a, b], nodes, index, attributes: { batch, contract } }) {
    const [nodeA, nodeB] = nodes as [Node, Node];
    const bound = contract[0].map((axis) => freshIndex(nodeA.shape[axis]!));
    const freeA = without(nodeA.shape.length, batch[0], contract[0]);
    const freeB = without(nodeB.shape.length, batch[1], contract[1]);
    const place = (rank: number, side: 0 | 1, free: readonly number[], offset: number): Expression[] => {
      const at = new Array<Expression>(rank);
      batch[side].forEach((axis, i) => (at[axis] = index[i]!));
      contract[side].forEach((axis, i) => (at[axis] = bound[i]!));
      free.forEach((axis, i) => (at[axis] = index[offset + i]!));
      return at;
    };
    const left = a!(place(nodeA.shape.length, 0, freeA, batch[0].length));
    const right = b!(place(nodeB.shape.length, 1, freeB, batch[0].length + freeA.length));
    return reduce("sum", bound, binary("mul", left, right));
  },
};
export const dot = (a: Node, b: Node, pairing: Pairing): Node => apply(dotOp, [a, b], pairing);
