/** Several tensors made one: Keras's merging layers. Shapes broadcast, dtypes promote. */
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { normalizeAxis, show } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { add, div, maximum, minimum, mul, sub } from "../tensor/functional/arithmetic.ts";
import { contract } from "../tensor/functional/contract.ts";
import { concat } from "../tensor/functional/movement.ts";
import { norm } from "../tensor/functional/reductions.ts";
import { toFloat } from "../tensor/functional/operands.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

function nodesOf(layer: object, inputs: readonly Tensor[]): Node[] {
  if (inputs.length === 0) throw new ArgumentError(`${layer}: needs at least one tensor, got none`);
  return inputs.map((x) => x.node);
}

function two(layer: object, inputs: readonly Tensor[]): readonly [Node, Node] {
  if (inputs.length !== 2) throw new ArgumentError(`${layer}: needs two tensors, got ${inputs.length}`);
  return [inputs[0]!.node, inputs[1]!.node];
}

/** The sum of its inputs. */
export class Add extends Module {
  forward(...inputs: Tensor[]): Tensor {
    return fromNode(nodesOf(this, inputs).reduce((a, b) => add(a, b)));
  }
}

/** The product of its inputs, element by element. */
export class Multiply extends Module {
  forward(...inputs: Tensor[]): Tensor {
    return fromNode(nodesOf(this, inputs).reduce((a, b) => mul(a, b)));
  }
}

/** The first input less the second. */
export class Subtract extends Module {
  forward(...inputs: Tensor[]): Tensor {
    return fromNode(sub(...two(this, inputs)));
  }
}

/** The mean of its inputs. */
export class Average extends Module {
  forward(...inputs: Tensor[]): Tensor {
    return fromNode(
      div(
        nodesOf(this, inputs).reduce((a, b) => add(a, b)),
        inputs.length,
      ),
    );
  }
}

/** The largest of its inputs at each place. */
export class Maximum extends Module {
  forward(...inputs: Tensor[]): Tensor {
    return fromNode(nodesOf(this, inputs).reduce((a, b) => maximum(a, b)));
  }
}

/** The smallest of its inputs at each place. */
export class Minimum extends Module {
  forward(...inputs: Tensor[]): Tensor {
    return fromNode(nodesOf(this, inputs).reduce((a, b) => minimum(a, b)));
  }
}

/** Its inputs end to end along an axis, the last by default. */
export class Concatenate extends Module {
  readonly axis: number;

  constructor(axis: number = -1) {
    super();
    this.axis = axis;
  }

  forward(...inputs: Tensor[]): Tensor {
    return fromNode(concat(nodesOf(this, inputs), this.axis));
  }

  override toString(): string {
    return `Concatenate(${this.axis})`;
  }
}

export interface DotOptions {
  /** Whether vectors along the axes are brought to length 1 first: cosines. False by default. */
  readonly normalize?: boolean | undefined;
}

/**
 * Products of two inputs [n, …] summed over one axis of each, for every example alone: the other axes of the first, then
 * those of the second; [n, 1] where there are none. Axes count the batch axis, which cannot be one of them.
 */
export class Dot extends Module {
  readonly axes: readonly [number, number];
  readonly normalize: boolean;

  constructor(axes: number | readonly [number, number], { normalize = false }: DotOptions = {}) {
    super();
    this.axes = typeof axes === "number" ? [axes, axes] : axes;
    this.normalize = normalize;
  }

  forward(...inputs: Tensor[]): Tensor {
    const pair = two(this, inputs).map((x, i) => {
      const axis = normalizeAxis(`${this}`, this.axes[i]!, x.shape);
      if (axis === 0) throw new ArgumentError(`${this}: the axes must not be that of the batch`);
      return { node: toFloat(x), axis };
    });
    const [a, b] = pair as [(typeof pair)[0], (typeof pair)[0]];
    if (a.node.shape[0] !== b.node.shape[0] || a.node.shape[a.axis] !== b.node.shape[b.axis])
      throw new ShapeError(
        `${this}: ${show(a.node.shape)} and ${show(b.node.shape)} differ in the batch or the summed axis`,
      );
    const labelled = ({ node, axis }: (typeof pair)[0], side: string): { node: Node; labels: string[] } => ({
      // Keras's ε keeps vectors of zeros at zero.
      node: this.normalize ? div(node, maximum(norm(node, axis, true), 1e-6)) : node,
      labels: node.shape.map((_, i) => (i === 0 ? "n" : i === axis ? "k" : `${side}${i}`)),
    });
    const [left, right] = [labelled(a, "a"), labelled(b, "b")];
    const kept = [...left.labels, ...right.labels.slice(1)].filter((label) => label !== "k");
    const { node } = contract(left, right, kept);
    const result: Tensor = fromNode(node);
    return kept.length > 1 ? result : result.unsqueeze(1);
  }

  override toString(): string {
    return `Dot(${this.axes.join(", ")})`;
  }
}
