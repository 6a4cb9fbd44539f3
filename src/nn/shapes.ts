/** Layers that move elements and change none. */
import { ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import { expand, moveAxis, permute, unsqueeze } from "../tensor/functional/movement.ts";
import { fromNode, Tensor } from "../tensor/tensor.ts";
import { checkSizes } from "./checks.ts";
import { Module } from "./module.ts";

/** Axis i of the result is axis `axes[i]` of the input; all axes are named, the batch axis too. */
export class Permute extends Module {
  readonly axes: readonly number[];

  constructor(axes: readonly number[]) {
    super();
    this.axes = axes;
  }

  forward(x: Tensor): Tensor {
    return fromNode(permute(x.node, this.axes));
  }

  override toString(): string {
    return `Permute(${this.axes.join(", ")})`;
  }
}

/** Every example several times over, one step each: [n, features] → [n, times, features]. */
export class RepeatVector extends Module {
  readonly times: number;

  constructor(times: number) {
    super();
    this.times = times;
    checkSizes(`${this}`, { times });
  }

  forward(x: Tensor): Tensor {
    const { shape } = x.node;
    if (shape.length !== 2) throw new ShapeError(`${this}: the input must be [n, features], got ${show(shape)}`);
    return fromNode(expand(unsqueeze(x.node, 1), [-1, this.times, -1]));
  }

  override toString(): string {
    return `RepeatVector(${this.times})`;
  }
}

/**
 * A layer of channels first, [n, c, …], for inputs with channels last, [n, …, c], as Keras has them. Weights, and so state
 * dicts, are those of the layer.
 */
export class ChannelsLast extends Module {
  layer: Module;

  constructor(layer: Module) {
    super();
    this.layer = layer;
  }

  override members(): Iterable<readonly [string, unknown]> {
    return [["", this.layer]];
  }

  forward(x: Tensor): Tensor {
    const result: unknown = Reflect.apply(this.layer.forward, this.layer, [fromNode(moveAxis(x.node, -1, 1))]);
    if (!(result instanceof Tensor))
      throw new ShapeError(
        `${this}: the layer must return one tensor, got ${Array.isArray(result) ? "several" : typeof result}. Wrap layers with one output`,
      );
    // A layer that leaves no axis in space, such as a global pooling, has its channels last already.
    return result.rank < 3 ? result : fromNode(moveAxis(result.node, 1, -1));
  }

  override toString(): string {
    return `ChannelsLast(${this.layer})`;
  }
}
