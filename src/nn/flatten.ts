/** Axes made one, and one made several. */
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { normalizeAxis, show, type Shape } from "../core/shape.ts";
import { reshape } from "../tensor/functional/movement.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import type { Flatten as Flat } from "../tensor/types/movement.ts";
import { Module } from "./module.ts";
import type { Rule } from "./rules.ts";

/** The type checker knows what comes of flattening to the last axis. */
type Flattened<S extends Shape, A extends number, E extends number> = E extends -1 ? Flat<S, A> : Shape;
interface FlattenRule<A extends number, E extends number> extends Rule {
  readonly r: this["s"] extends infer S extends Shape ? Flattened<S, A, E> : never;
}

/** The axes from `start` (1 by default) to `end` (the last by default, included) as one: [n, …] → [n, product]. */
export class Flatten<const A extends number = 1, const E extends number = -1> extends Module {
  declare readonly "~rule": FlattenRule<A, E>;
  readonly start: number;
  readonly end: number;

  constructor(start: A = 1 as A, end: E = -1 as E) {
    super();
    this.start = start;
    this.end = end;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<Flattened<S, A, E>> {
    const { shape } = x.node;
    const [from, to] = [normalizeAxis(`${this}`, this.start, shape), normalizeAxis(`${this}`, this.end, shape)];
    if (from > to) throw new ShapeError(`${this}: the first axis lies behind the last in ${show(shape)}`);
    const joined = shape.slice(from, to + 1).reduce((product, size) => product * size, 1);
    return fromNode(reshape(x.node, [...shape.slice(0, from), joined, ...shape.slice(to + 1)]));
  }

  override toString(): string {
    return this.start === 1 && this.end === -1 ? "Flatten()" : `Flatten(${this.start}, ${this.end})`;
  }
}

/** One axis as several, whose sizes multiply to its own; one of them may be −1. */
export class Unflatten extends Module {
  readonly axis: number;
  readonly sizes: Shape;

  constructor(axis: number, sizes: Shape) {
    super();
    this.axis = axis;
    this.sizes = sizes;
    checkTarget(`${this}`, sizes);
  }

  forward(x: Tensor): Tensor {
    const { shape } = x.node;
    const at = normalizeAxis(`${this}`, this.axis, shape);
    const sizes = filledIn(this, shape[at]!, this.sizes, shape);
    return fromNode(reshape(x.node, [...shape.slice(0, at), ...sizes, ...shape.slice(at + 1)]));
  }

  override toString(): string {
    return `Unflatten(${this.axis}, ${show(this.sizes)})`;
  }
}

/** Every example under another shape; one size may be −1. Keras's Reshape: the batch axis is not named. */
export class Reshape extends Module {
  readonly sizes: Shape;

  constructor(sizes: Shape) {
    super();
    this.sizes = sizes;
    checkTarget(`${this}`, sizes);
  }

  forward(x: Tensor): Tensor {
    const { shape } = x.node;
    if (shape.length === 0) throw new ShapeError(`${this}: the input must have a batch axis, got a scalar`);
    const size = shape.slice(1).reduce((product, n) => product * n, 1);
    return fromNode(reshape(x.node, [shape[0]!, ...filledIn(this, size, this.sizes, shape)]));
  }

  override toString(): string {
    return `Reshape(${show(this.sizes)})`;
  }
}

/** Throws ArgumentError unless sizes are whole numbers of 0 or more, at most one of them −1. */
function checkTarget(layer: string, sizes: Shape): void {
  if (sizes.some((n) => !Number.isInteger(n) || n < -1) || sizes.filter((n) => n === -1).length > 1)
    throw new ArgumentError(`${layer}: sizes must be whole numbers of 0 or more, one of them may be -1`);
}

/** The sizes with −1 worked out. */
function filledIn(layer: object, size: number, sizes: Shape, shape: Shape): number[] {
  const known = sizes.reduce((product, n) => (n === -1 ? product : product * n), 1);
  const missing = size / known;
  if (sizes.includes(-1) ? !Number.isInteger(missing) : known !== size)
    throw new ShapeError(`${layer}: ${size} elements of ${show(shape)} do not fill ${show(sizes)}`);
  return sizes.map((n) => (n === -1 ? missing : n));
}
