import { ArgumentError } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import { mul } from "../tensor/functional/arithmetic.ts";
import { where } from "../tensor/functional/comparison.ts";
import { bernoulli } from "../tensor/functional/random.ts";
import { nextKey } from "../tensor/random.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { Keep } from "./activation.ts";

/**
 * Every element is 0 with probability `rate`, the others are divided by 1 − `rate`: the mean stays. The mask is a function
 * of the global random state and the position, so the backward pass computes it again instead of storing it.
 */
export function dropout<S extends Shape>(x: Tensor<S>, rate: number): Tensor<S> {
  if (rate === 0) return x;
  const kept = bernoulli(nextKey(), x.node.shape, 1 - rate);
  return fromNode(where(kept, mul(x.node, 1 / (1 - rate)), 0));
}

/** Drops elements while training: Srivastava et al. 2014. `rate` is 0.5 by default. Not training, it does nothing. */
export class Dropout extends Keep {
  readonly rate: number;

  constructor(rate: number = 0.5) {
    super();
    checkRate("Dropout", rate);
    this.rate = rate;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return this.training ? dropout(x, this.rate) : x;
  }

  override toString(): string {
    return `Dropout(${this.rate})`;
  }
}

/** Throws ArgumentError for a rate that is no probability. */
export function checkRate(layer: string, rate: number): void {
  if (!(rate >= 0 && rate <= 1)) throw new ArgumentError(`${layer}: the rate must lie in [0, 1], got ${rate}`);
}
