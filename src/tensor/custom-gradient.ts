import { GradientError } from "../core/errors.ts";
import { custom } from "../graph/ops/control.ts";
import { withGradientMode } from "../graph/op.ts";
import { fromNode, type Tensor } from "./tensor.ts";

export interface CustomGradientOptions<A extends readonly Tensor[]> {
  /** For messages and `explain`. */
  readonly name?: string;
  /** The value. What happens inside is not differentiated. */
  forward(...inputs: A): Tensor;
  /**
   * Gradients of the inputs, in order, from the gradient of the value; null where none flows. Built of tensors, so it can be
   * differentiated again.
   */
  backward(gradient: Tensor, output: Tensor, inputs: A): readonly (Tensor | null)[];
}

/**
 * A function with a gradient of your own (PyTorch's autograd.Function, JAX's custom_vjp): straight-through estimators, stable
 * formulas, gradients that are cheaper than what the value's operations would give.
 * Its backward throws GradientError when the number of gradients or a shape is wrong.
 */
export function customGradient<A extends readonly Tensor[]>({
  name = "customGradient",
  forward,
  backward,
}: CustomGradientOptions<A>): (...inputs: A) => Tensor {
  return (...inputs) => {
    const value = withGradientMode(false, () => forward(...inputs)).node;
    const node = custom(
      name,
      value,
      inputs.map((x) => x.node),
      (grad, output, nodes) => {
        const tensors = nodes.map((x) => fromNode(x)) as readonly Tensor[] as A;
        const found = backward(fromNode(grad), fromNode(output), tensors);
        if (found.length !== nodes.length)
          throw new GradientError(
            `${name}: backward returned ${found.length} gradients for ${nodes.length} inputs. Use null where none flows`,
          );
        return found.map((x) => x?.node);
      },
    );
    return fromNode(node);
  };
}
