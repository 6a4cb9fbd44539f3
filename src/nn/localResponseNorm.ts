import { ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import { window } from "../graph/ops/movement.ts";
import { add, div, mul, pow } from "../tensor/functional/arithmetic.ts";
import { pad } from "../tensor/functional/movement.ts";
import { toFloat } from "../tensor/functional/operands.ts";
import { sum } from "../tensor/functional/reductions.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { Keep } from "./activation.ts";
import { checkSizes } from "./checks.ts";

export interface LocalResponseNormOptions {
  /** How much the neighbours count, 1e-4 by default. */
  readonly alpha?: number | undefined;
  /** The power of the divisor, 0.75 by default. */
  readonly beta?: number | undefined;
  /** Added to the divisor, 1 by default. */
  readonly k?: number | undefined;
}

/** x / (k + alpha · mean of x² over `size` neighbouring channels)^beta for [n, c, …]: Krizhevsky et al. 2012. */
export class LocalResponseNorm extends Keep {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;

  constructor(size: number, { alpha = 1e-4, beta = 0.75, k = 1 }: LocalResponseNormOptions = {}) {
    super();
    this.size = size;
    this.alpha = alpha;
    this.beta = beta;
    this.k = k;
    checkSizes(`${this}`, { size });
  }

  forward<S extends Shape>(input: Tensor<S>): Tensor<S> {
    const x = toFloat(input.node);
    const { size } = this;
    if (x.shape.length < 3)
      throw new ShapeError(`${this}: the input must be [n, c, …] with axes in space, got ${show(x.shape)}`);
    const widths = x.shape.map((_, axis): [number, number] =>
      axis === 1 ? [Math.floor(size / 2), Math.floor((size - 1) / 2)] : [0, 0],
    );
    const neighbours = window(pad(mul(x, x), widths), { axis: 1, size, stride: 1, dilation: 1 });
    return fromNode(div(x, pow(add(mul(sum(neighbours, -1), this.alpha / size), this.k), this.beta)));
  }

  override toString(): string {
    return `LocalResponseNorm(${this.size})`;
  }
}
