/** Identities that mean something to gradients or to the schedule, not to values. */
import { GradientError } from "../../core/errors.ts";
import { sameShape, show } from "../../core/shape.ts";
import type { Node } from "../node.ts";
import { batchGraph } from "../batch.ts";
import { apply, type Op } from "../op.ts";
import { input } from "./leaf.ts";

/** The same value, through which no gradient flows. */
export const detachOp: Op = {
  name: "detach",
  movement: true,
  infer: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
  lower: ({ inputs: [x], index }) => x!(index),
};
export const detach = (x: Node): Node => (x.requiresGrad ? apply(detachOp, [x], {}) : x);

/**
 * Gradients for the inputs of a custom function, from the gradient of its result. The result and the inputs are handed over
 * rather than captured, so that a copy of the graph (a recomputation) differentiates its own nodes.
 */
export type CustomGradient = (grad: Node, output: Node, inputs: readonly Node[]) => readonly (Node | undefined)[];

/** The value of input 0, with a gradient of its own for the inputs that follow. */
export const customOp: Op<{ readonly name: string; readonly gradient: CustomGradient }> = {
  name: "custom",
  movement: true,
  infer: ([value]) => ({ shape: value!.shape, dtype: value!.dtype }),
  vjp({ grad, node, inputs: [, ...inputs], attributes: { name, gradient } }) {
    const grads = gradient(grad, node, inputs);
    inputs.forEach((x, i) => {
      const g = grads[i];
      if (g && !sameShape(g.shape, x.shape))
        throw new GradientError(
          `${name}: the gradient of input ${i} has shape ${show(g.shape)}, the input ${show(x.shape)}`,
        );
    });
    return [undefined, ...grads];
  },
  batch({ inputs: [value, ...inputs], attributes, size }) {
    const gradient: CustomGradient = (grad, output, given) => {
      const stacked = [grad, output, ...given];
      const [g, o, ...xs] = stacked.map((x) => input(x.shape.slice(1), x.dtype, { requiresGrad: x.requiresGrad }));
      const examples = new Map([g!, o!, ...xs].map((leaf, i) => [leaf, { node: stacked[i]!, mapped: true }]));
      const parts = attributes.gradient(g!, o!, xs);
      const found = batchGraph(
        parts.filter((part) => part !== undefined),
        examples,
        size,
      );
      return parts.map((part) => part && found.shift());
    };
    return custom(attributes.name, value!, inputs, gradient);
  },
  lower: ({ inputs: [value], index }) => value!(index),
};
/** `value` (computed from `inputs` anyhow) with a user-defined gradient. The value's own graph gets none. */
export const custom = (name: string, value: Node, inputs: readonly Node[], gradient: CustomGradient): Node =>
  apply(customOp, [value, ...inputs], { name, gradient });

let recomputations = 0;
/** A fresh id for the nodes of one recomputation. */
export const nextRecomputation = (): number => ++recomputations;

/**
 * The value of input 0, to be read only after input 1 is known: recomputed activations hang on the incoming gradient, so
 * that they are neither merged with the first computation nor made early.
 */
export const afterOp: Op<{ readonly recomputation: number }> = {
  name: "after",
  movement: true,
  infer: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
  vjp: ({ grad }) => [grad, undefined],
  lower: ({ inputs: [x], index }) => x!(index),
};
export const after = (x: Node, signal: Node, recomputation: number): Node =>
  apply(afterOp, [x, signal], { recomputation });
