/** Gradients brought to size before a step. */
import { ArgumentError } from "../core/errors.ts";
import type { Node } from "../graph/node.ts";
import { withGradientMode } from "../graph/op.ts";
import { fill } from "../graph/ops/leaf.ts";
import { cast, sqrt } from "../graph/ops/unary.ts";
import { assign } from "../tensor/assign.ts";
import type { Cell } from "../tensor/cell.ts";
import { add, div, maximum, minimum, mul } from "../tensor/functional/arithmetic.ts";
import { sum } from "../tensor/functional/reductions.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";

/** Gradients that exist. */
const gradientsOf = (parameters: Iterable<Parameter>): Cell[] =>
  [...parameters].map(({ cell }) => cell.gradient).filter((cell) => !cell.empty);

/**
 * Scales all gradients together so that the norm of all of them is at most `limit`. Returns the norm before.
 * @throws ArgumentError for a limit that is not above 0.
 */
export function clipGradNorm(parameters: Iterable<Parameter>, limit: number): Tensor<[]> {
  if (!(limit > 0)) throw new ArgumentError(`clipGradNorm: the limit must be above 0, got ${limit}`);
  return withGradientMode(false, () => {
    const cells = gradientsOf(parameters);
    const gradients = cells.map((cell) => cell.read());
    const squares = gradients.map((g) => sum(mul(g, g)));
    const norm: Node = squares.length > 0 ? sqrt(squares.reduce((total, s) => add(total, s))) : fill([], 0, "f32");
    // The small number is PyTorch's.
    const scale = minimum(div(limit, add(norm, 1e-6)), 1);
    assign(
      cells.map((cell, i) => ({ cell, value: mul(gradients[i]!, cast(scale, cell.dtype)) })),
      [norm],
    );
    return fromNode<[]>(norm);
  });
}

/**
 * Scales each gradient on its own so that its norm is at most `limit`: TensorFlow's `clip_by_norm`. Where one gradient explodes, the
 * others keep their size, so the direction of the step changes.
 * @throws ArgumentError for a limit that is not above 0.
 */
export function clipGradNorms(parameters: Iterable<Parameter>, limit: number): void {
  if (!(limit > 0)) throw new ArgumentError(`clipGradNorms: the limit must be above 0, got ${limit}`);
  withGradientMode(false, () => {
    const scaled = (gradient: Node): Node => {
      const norm = sqrt(sum(mul(gradient, gradient)));
      return mul(gradient, div(limit, maximum(norm, limit)));
    };
    assign(gradientsOf(parameters).map((cell) => ({ cell, value: scaled(cell.read()) })));
  });
}

/** Brings every element of every gradient into [−limit, limit]. Throws ArgumentError for a limit that is not above 0. */
export function clipGradValue(parameters: Iterable<Parameter>, limit: number): void {
  if (!(limit > 0)) throw new ArgumentError(`clipGradValue: the limit must be above 0, got ${limit}`);
  withGradientMode(false, () => {
    const cells = gradientsOf(parameters);
    assign(cells.map((cell) => ({ cell, value: maximum(minimum(cell.read(), limit), -limit) })));
  });
}
