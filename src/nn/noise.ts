/** Noise added or multiplied while training. */
import { ArgumentError } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { cast } from "../graph/ops/unary.ts";
import { add, mul } from "../tensor/functional/arithmetic.ts";
import { toFloat } from "../tensor/functional/operands.ts";
import { normal } from "../tensor/functional/random.ts";
import { nextKey } from "../tensor/random.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { Keep } from "./activation.ts";

const normalLike = (x: Node): Node => cast(normal(nextKey(), x.shape), x.dtype);

/** Adds normal numbers of a standard deviation while training. Not training, it does nothing. */
export class GaussianNoise extends Keep {
  readonly deviation: number;

  constructor(deviation: number) {
    super();
    this.deviation = deviation;
    if (!(deviation >= 0 && Number.isFinite(deviation)))
      throw new ArgumentError(`GaussianNoise: the deviation must be 0 or more, got ${deviation}`);
  }

  forward<S extends Shape>(input: Tensor<S>): Tensor<S> {
    if (!this.training) return input;
    const x = toFloat(input.node);
    return fromNode(add(x, mul(normalLike(x), this.deviation)));
  }

  override toString(): string {
    return `GaussianNoise(${this.deviation})`;
  }
}

/**
 * Multiplies by normal numbers of mean 1 and variance rate / (1 − rate) while training, as much noise as dropout makes:
 * Srivastava et al. 2014, section 10. Not training, it does nothing.
 */
export class GaussianDropout extends Keep {
  readonly rate: number;

  constructor(rate: number) {
    super();
    this.rate = rate;
    if (!(rate >= 0 && rate < 1)) throw new ArgumentError(`GaussianDropout: the rate must lie in [0, 1), got ${rate}`);
  }

  forward<S extends Shape>(input: Tensor<S>): Tensor<S> {
    if (!this.training) return input;
    const x = toFloat(input.node);
    const deviation = Math.sqrt(this.rate / (1 - this.rate));
    return fromNode(mul(x, add(mul(normalLike(x), deviation), 1)));
  }

  override toString(): string {
    return `GaussianDropout(${this.rate})`;
  }
}
