/** All derivatives of a tensor by a tensor, from products with the Jacobian over a whole basis at once. */
import { show, sizeOf, type Shape } from "../core/shape.ts";
import { GradientError } from "../core/errors.ts";
import { isFloat } from "../core/dtype.ts";
import type { Node } from "../graph/node.ts";
import { eq } from "../graph/ops/binary.ts";
import { iota } from "../graph/ops/leaf.ts";
import { reshape } from "../graph/ops/movement.ts";
import { cast } from "../graph/ops/unary.ts";
import { grad, jvp, vjp } from "./autodiff.ts";
import { fromNode, type Tensor } from "./tensor.ts";
import { vmap } from "./vmap.ts";

export interface JacobianOptions {
  /**
   * "reverse" (the default) carries every element of the result back, "forward" every element of the input forward: the first
   * for results smaller than the input, the second for larger ones. JAX's jacrev and jacfwd.
   */
  readonly mode?: "reverse" | "forward" | undefined;
}

/** Every tensor like `x` that is 1 in one place and 0 elsewhere, along a first axis. */
function basis({ shape, dtype }: Node): Tensor {
  const count = sizeOf(shape);
  const identity = cast(eq(iota([count, count], 0), iota([count, count], 1)), dtype);
  return fromNode(reshape(identity, [count, ...shape]));
}

const reshaped = (x: Tensor, shape: Shape): Tensor => fromNode(reshape(x.node, shape));

/**
 * All derivatives of a tensor by a tensor: a function of x whose result has the axes of f(x), then those of x. The rows (or
 * columns) are computed together, in one pass.
 * The function throws GradientError where x or f(x) holds integers.
 */
export function jacobian(f: (x: Tensor) => Tensor, { mode = "reverse" }: JacobianOptions = {}): (x: Tensor) => Tensor {
  return (x) => {
    if (mode === "forward") {
      const columns = vmap((tangent: Tensor) => jvp(f, [x], [tangent])[1], { outAxes: -1 })(basis(x.node));
      return reshaped(columns, [...columns.shape.slice(0, -1), ...x.shape]);
    }
    const [value, pullback] = vjp(f, x);
    if (!isFloat(value.dtype))
      throw new GradientError(
        `jacobian: the function returned ${value.dtype} ${show(value.shape)}, which has no gradients`,
      );
    const rows = vmap((cotangent: Tensor) => pullback(cotangent)[0])(basis(value.node));
    return reshaped(rows, [...value.shape, ...x.shape]);
  };
}

/** The second derivatives of a function with a single element as its value: a function of x whose result has the axes of x twice. */
export function hessian(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return jacobian(grad(f));
}

/**
 * Products of the matrix of second derivatives with a vector, without the matrix: the gradient's derivative along the
 * tangents, one for each input. `f` must return a single element.
 */
export function hvp<A extends readonly Tensor[]>(
  f: (...inputs: A) => Tensor,
  primals: readonly [...A],
  tangents: readonly [...A],
): A {
  const positions = [...primals.keys()];
  const slope = (...inputs: A): Tensor =>
    (grad(f, { argnums: positions })(...inputs) as readonly Tensor[])
      .map((part, i) => part.mul(tangents[i]!).sum())
      .reduce((a, b) => a.add(b));
  return grad(slope, { argnums: positions })(...(primals as unknown as A)) as unknown as A;
}
