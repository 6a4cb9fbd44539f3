import type { Node } from "../../graph/node.ts";
import { gradientsEnabled, withGradientMode } from "../../graph/op.ts";
import { custom, type CustomGradient } from "../../graph/ops/control.ts";

/**
 * A value with a gradient of its own, for compositions whose own derivative would be inexact, unsafe or slow.
 * The value's graph is built without gradients; where none is wanted, it is the whole result.
 */
export function withGradient(name: string, inputs: readonly Node[], value: () => Node, gradient: CustomGradient): Node {
  const result = withGradientMode(false, value);
  return gradientsEnabled() && inputs.some((x) => x.requiresGrad) ? custom(name, result, inputs, gradient) : result;
}
