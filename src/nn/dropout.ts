/** Noise by leaving out: layers that behave in training only. Masks are functions of the global random state. */
import { classNameOf } from "../core/className.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { add, mul } from "../tensor/functional/arithmetic.ts";
import { where } from "../tensor/functional/comparison.ts";
import { bernoulli } from "../tensor/functional/random.ts";
import { nextKey } from "../tensor/random.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { Keep } from "./activation.ts";

/** `x` where a mask of shape `shape` (which broadcasts) keeps it, divided by the probability of that; 0 elsewhere. */
export function dropped(x: Node, rate: number, shape: Shape): Node {
  if (rate === 0) return x;
  if (rate === 1) return mul(x, 0);
  return where(bernoulli(nextKey(), shape, 1 - rate), mul(x, 1 / (1 - rate)), 0);
}

/**
 * Every element is 0 with probability `rate`, the others are divided by 1 − `rate`: the mean stays. The mask is a function
 * of the global random state and the position, so the backward pass computes it again instead of storing it.
 */
export function dropout<S extends Shape>(x: Tensor<S>, rate: number): Tensor<S> {
  return fromNode(dropped(x.node, rate, x.node.shape));
}

/** Throws ArgumentError for a rate that is no probability. */
export function checkRate(layer: string, rate: number): void {
  if (!(rate >= 0 && rate <= 1)) throw new ArgumentError(`${layer}: the rate must lie in [0, 1], got ${rate}`);
}

/** A layer that does nothing unless it trains. */
export abstract class Dropping extends Keep {
  readonly rate: number;

  constructor(rate: number) {
    super();
    this.rate = rate;
    checkRate(classNameOf(this), rate);
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return this.training ? fromNode(this.drop(x.node)) : x;
  }

  /** What training makes of the input. */
  protected abstract drop(x: Node): Node;

  override toString(): string {
    return `${classNameOf(this)}(${this.rate})`;
  }
}

/** Drops elements while training: Srivastava et al. 2014. `rate` is 0.5 by default. Not training, it does nothing. */
export class Dropout extends Dropping {
  constructor(rate: number = 0.5) {
    super(rate);
  }

  protected drop(x: Node): Node {
    return dropped(x, this.rate, x.shape);
  }
}

/** Drops whole channels of inputs with so many axes. */
abstract class ChannelDropout extends Dropping {
  readonly axes: number;

  constructor(axes: number, rate: number) {
    super(rate);
    this.axes = axes;
  }

  protected drop(x: Node): Node {
    return dropped(x, this.rate, channelShape(this, x, this.axes));
  }
}

/** [n, c, 1, …]: one number for each channel of each example. */
function channelShape(layer: object, x: Node, axes: number): number[] {
  if (x.shape.length !== axes)
    throw new ShapeError(`${layer}: the input must have ${axes} axes, batch and channels first, got ${show(x.shape)}`);
  return x.shape.map((size, axis) => (axis < 2 ? size : 1));
}

/** Drops whole channels of [n, c, length] while training: Tompson et al. 2015. `rate` is 0.5 by default. */
export class Dropout1d extends ChannelDropout {
  constructor(rate: number = 0.5) {
    super(3, rate);
  }
}

/** Drops whole feature maps of [n, c, h, w] while training (spatial dropout). `rate` is 0.5 by default. */
export class Dropout2d extends ChannelDropout {
  constructor(rate: number = 0.5) {
    super(4, rate);
  }
}

/** Drops whole channels of [n, c, d, h, w] while training. `rate` is 0.5 by default. */
export class Dropout3d extends ChannelDropout {
  constructor(rate: number = 0.5) {
    super(5, rate);
  }
}

/** What SELU makes of −∞, turned positive: its scale times its alpha. */
const SATURATION = 1.7580993408473766;

/** Puts SELU's lowest value where the mask of shape `shape` drops, and restores mean 0 and variance 1. */
function alphaDropped(x: Node, rate: number, shape: Shape): Node {
  if (rate === 0) return x;
  if (rate === 1) return mul(x, 0);
  const scale = 1 / Math.sqrt((1 - rate) * (1 + rate * SATURATION ** 2));
  const shift = scale * rate * SATURATION;
  const kept = bernoulli(nextKey(), shape, 1 - rate);
  return where(kept, add(mul(x, scale), shift), shift - scale * SATURATION);
}

/** Dropout for networks of SELUs, which keeps mean and variance: Klambauer et al. 2017. `rate` is 0.5 by default. */
export class AlphaDropout extends Dropping {
  constructor(rate: number = 0.5) {
    super(rate);
  }

  protected drop(x: Node): Node {
    return alphaDropped(x, this.rate, x.shape);
  }
}

/** `AlphaDropout` of whole channels of [n, c, …]. */
export class FeatureAlphaDropout extends Dropping {
  constructor(rate: number = 0.5) {
    super(rate);
  }

  protected drop(x: Node): Node {
    return alphaDropped(x, this.rate, channelShape(this, x, Math.max(2, x.shape.length)));
  }
}

/**
 * Leaves a residual branch out while training, for each example ("row", the default) or for the batch: Huang et al. 2016.
 * What stays is divided by the probability of staying. Not training, it does nothing.
 * @example x.add(drop.forward(branch.forward(x)))
 */
export class StochasticDepth extends Dropping {
  readonly mode: "row" | "batch";

  constructor(rate: number, mode: "row" | "batch" = "row") {
    super(rate);
    if (mode !== "row" && mode !== "batch")
      throw new ArgumentError(`StochasticDepth: the mode must be "row" or "batch", got ${String(mode)}`);
    this.mode = mode;
  }

  protected drop(x: Node): Node {
    return dropped(
      x,
      this.rate,
      x.shape.map((size, axis) => (axis === 0 && this.mode === "row" ? size : 1)),
    );
  }
}
