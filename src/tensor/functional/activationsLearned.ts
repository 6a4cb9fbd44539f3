/** Activations whose shape is a parameter, or chance. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { sigmoid } from "./activations.ts";
import { add, mul } from "./arithmetic.ts";
import { cast } from "../../graph/ops/unary.ts";
import { gt, where } from "./comparison.ts";
import { reshape } from "../../graph/ops/movement.ts";
import { toFloat } from "./operands.ts";
import { uniform } from "./random.ts";

/**
 * One number for all of x, or one for each channel (axis 1), so that it broadcasts.
 * Throws ShapeError for any other count.
 */
function perChannel(op: string, parameter: Node, x: Node): Node {
  const [count = 1] = parameter.shape;
  if (parameter.shape.length > 1 || (count !== 1 && count !== x.shape[1]))
    throw new ShapeError(
      `${op}: wants one number, or one for each channel (axis 1) of ${show(x.shape)}, got ${show(parameter.shape)}`,
    );
  const shape = count === 1 ? [] : x.shape.map((_, axis) => (axis === 1 ? count : 1));
  return cast(reshape(parameter, shape), x.dtype);
}

/** x above 0, slope · x below; the slope is one number [1], or one for each channel. */
export function prelu(input: Node, slope: Node): Node {
  const x = toFloat(input);
  return where(gt(x, 0), x, mul(x, perChannel("prelu", slope, x)));
}

/** x · sigmoid(beta · x); beta is one number, or one for each channel. */
export function swish(input: Node, beta: Node | number): Node {
  const x = toFloat(input);
  const factor = typeof beta === "number" ? beta : perChannel("swish", beta, x);
  return mul(x, sigmoid(mul(x, factor)));
}

/** x above 0, a slope drawn uniformly from [lower, upper] for each element below; without a key the mean of both. */
export function rrelu(input: Node, lower: number, upper: number, key: Node | undefined): Node {
  if (!(lower <= upper)) throw new ArgumentError(`rrelu: needs lower ≤ upper, got ${lower} and ${upper}`);
  const x = toFloat(input);
  const slope = key ? cast(add(mul(uniform(key, x.shape), upper - lower), lower), x.dtype) : (lower + upper) / 2;
  return where(gt(x, 0), x, mul(x, slope));
}
