/** Layers about steps: one layer for all of them, and steps that are none. */
import { ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import { ne, where } from "../tensor/functional/comparison.ts";
import { any } from "../tensor/functional/reductions.ts";
import { reshape } from "../tensor/functional/movement.ts";
import { fromNode, Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

/** A layer for every step of [n, steps, …] as if each were an example. */
export class TimeDistributed extends Module {
  layer: Module;

  constructor(layer: Module) {
    super();
    this.layer = layer;
  }

  forward(x: Tensor): Tensor {
    const [n, steps, ...rest] = x.node.shape;
    if (n === undefined || steps === undefined || rest.length === 0)
      throw new ShapeError(`${this}: the input must be [n, steps, …], got ${show(x.node.shape)}`);
    const flat = fromNode(reshape(x.node, [n * steps, ...rest]));
    const result: unknown = Reflect.apply(this.layer.forward, this.layer, [flat]);
    if (!(result instanceof Tensor) || result.node.shape[0] !== n * steps)
      throw new ShapeError(`${this}: the layer must return one tensor with the batch as its first axis`);
    return fromNode(reshape(result.node, [n, steps, ...result.node.shape.slice(1)]));
  }

  override toString(): string {
    return `TimeDistributed(${this.layer})`;
  }
}

/** Steps of [n, steps, features] whose features all equal a number are none: they become 0. */
export class Masking extends Module {
  readonly maskValue: number;

  constructor(maskValue: number = 0) {
    super();
    this.maskValue = maskValue;
  }

  /** True where a step counts: bool [n, steps], for layers and losses that take a mask. */
  mask(x: Tensor): Tensor {
    this.#check(x);
    return fromNode(any(ne(x.node, this.maskValue), -1));
  }

  forward(x: Tensor): Tensor {
    this.#check(x);
    return fromNode(where(any(ne(x.node, this.maskValue), -1, true), x.node, 0));
  }

  #check(x: Tensor): void {
    if (x.node.shape.length < 2)
      throw new ShapeError(`${this}: the input must be [n, steps, features], got ${show(x.node.shape)}`);
  }

  override toString(): string {
    return `Masking(${this.maskValue})`;
  }
}
