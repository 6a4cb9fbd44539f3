/** Gradients by formula, for values whose own computation should not be differentiated. */
import { sizeOf } from "../../core/shape.ts";
import { withGradient as withGradientOfNodes } from "../functional/custom.ts";
import { concat } from "../functions.ts";
import { fromNode, type Tensor } from "../tensor.ts";

/** A value with a gradient of its own. Inputs without a formula get no gradient: what the formula reads, it is handed as an input. */
export function withGradient(
  name: string,
  inputs: readonly Tensor[],
  value: () => Tensor,
  gradient: (grad: Tensor, output: Tensor, inputs: readonly Tensor[]) => readonly (Tensor | undefined)[],
): Tensor {
  const node = withGradientOfNodes(
    name,
    inputs.map((x) => x.node),
    () => value().node,
    (grad, output, given) => {
      const found = gradient(
        fromNode(grad),
        fromNode(output),
        given.map((x) => fromNode(x)),
      );
      return given.map((_, i) => found[i]?.node);
    },
  );
  return fromNode(node);
}

/**
 * Several values of one dtype with a gradient for all of them at once, as matrix factors have: they leave as one row of
 * elements, so that the formula sees the gradients of all, zero where a value is not used.
 */
export function withGradients(
  name: string,
  inputs: readonly Tensor[],
  values: () => readonly Tensor[],
  gradient: (grads: readonly Tensor[], outputs: readonly Tensor[], inputs: readonly Tensor[]) => readonly Tensor[],
): readonly Tensor[] {
  let shapes: readonly (readonly number[])[] = [];
  const apart = (row: Tensor): Tensor[] => {
    let from = 0;
    return shapes.map((shape) => {
      const size = sizeOf(shape);
      return row.slice([from, (from += size)]).reshape([...shape]);
    });
  };
  const row = withGradient(
    name,
    inputs,
    () => {
      const found = values();
      shapes = found.map((x) => x.shape);
      return concat(found.map((x) => x.reshape([-1])));
    },
    (grad, output, given) => gradient(apart(grad), apart(output), given),
  );
  return apart(row);
}
