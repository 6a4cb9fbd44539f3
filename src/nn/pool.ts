/** Windows of [n, c, …] reduced to one number each. */
import { classNameOf } from "../core/className.ts";
import type { Shape } from "../core/shape.ts";
import {
  avgPool,
  lpPool,
  maxPool,
  maxPoolIndices,
  maxUnpool,
  type PoolingOptions,
  type UnpoolingOptions,
} from "../tensor/functional/pooling.ts";
import { checkPadding, perAxis, type PerAxis } from "../tensor/functional/windows.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";
import type { Pooled, PoolRule, Spatial } from "./rules.ts";

export type MaxPoolOptions<R extends boolean = boolean> = Omit<
  PoolingOptions,
  "countIncludePad" | "divisorOverride"
> & {
  /** Whether the positions of the maxima are returned too, for `MaxUnpool`: false by default. */
  readonly returnIndices?: R | undefined;
};
export type AvgPoolOptions = Omit<PoolingOptions, "dilation">;
export type LPPoolOptions = Pick<PoolingOptions, "stride" | "ceilMode">;

/** A tensor, or the tensor with i32 positions row-major over the spatial axes. */
export type MaxPooled<S extends Shape, N extends Spatial, R extends boolean> = R extends true
  ? [values: Tensor<Pooled<S, N>>, indices: Tensor<Pooled<S, N>>]
  : Tensor<Pooled<S, N>>;

abstract class Pool<N extends Spatial, O> extends Module {
  declare readonly "~rule": PoolRule<N>;
  readonly spatial: N;
  readonly size: PerAxis;
  readonly options: O;

  constructor(spatial: N, size: PerAxis, options: O & PoolingOptions) {
    super();
    this.spatial = spatial;
    this.size = size;
    this.options = options;
    const layer = `${this}`;
    perAxis(layer, "size", size, spatial, 1);
    perAxis(layer, "stride", options.stride ?? 1, spatial, 1);
    perAxis(layer, "dilation", options.dilation ?? 1, spatial, 1);
    checkPadding(layer, options.padding ?? 0, spatial);
  }

  override toString(): string {
    return `${classNameOf(this)}(${JSON.stringify(this.size)})`;
  }
}

abstract class MaxPool<N extends Spatial, const R extends boolean> extends Pool<N, MaxPoolOptions<R>> {
  forward<S extends Shape>(x: Tensor<S>): MaxPooled<S, N, R>;
  forward(x: Tensor): Tensor | [Tensor, Tensor] {
    const { returnIndices, ...options } = this.options;
    if (!returnIndices) return fromNode(maxPool(this.spatial, x.node, this.size, options, `${this}`));
    const { values, indices } = maxPoolIndices(this.spatial, x.node, this.size, options, `${this}`);
    return [fromNode(values), fromNode(indices)];
  }
}

/** The largest element of each window of [n, c, w]. Windows do not overlap unless `stride` says so. */
export class MaxPool1d<const R extends boolean = false> extends MaxPool<1, R> {
  constructor(size: PerAxis, options: MaxPoolOptions<R> = {}) {
    super(1, size, options);
  }
}

/** The largest element of each window of [n, c, h, w]. Windows do not overlap unless `stride` says so. */
export class MaxPool2d<const R extends boolean = false> extends MaxPool<2, R> {
  constructor(size: PerAxis, options: MaxPoolOptions<R> = {}) {
    super(2, size, options);
  }
}

/** The largest element of each window of [n, c, d, h, w]. */
export class MaxPool3d<const R extends boolean = false> extends MaxPool<3, R> {
  constructor(size: PerAxis, options: MaxPoolOptions<R> = {}) {
    super(3, size, options);
  }
}

abstract class AvgPool<N extends Spatial> extends Pool<N, AvgPoolOptions> {
  forward<S extends Shape>(x: Tensor<S>): Tensor<Pooled<S, N>> {
    return fromNode(avgPool(this.spatial, x.node, this.size, this.options, `${this}`));
  }
}

/** The mean of each window of [n, c, w]. */
export class AvgPool1d extends AvgPool<1> {
  constructor(size: PerAxis, options: AvgPoolOptions = {}) {
    super(1, size, options);
  }
}

/** The mean of each window of [n, c, h, w]. */
export class AvgPool2d extends AvgPool<2> {
  constructor(size: PerAxis, options: AvgPoolOptions = {}) {
    super(2, size, options);
  }
}

/** The mean of each window of [n, c, d, h, w]. */
export class AvgPool3d extends AvgPool<3> {
  constructor(size: PerAxis, options: AvgPoolOptions = {}) {
    super(3, size, options);
  }
}

abstract class LPPool<N extends Spatial> extends Pool<N, LPPoolOptions> {
  readonly power: number;

  constructor(spatial: N, power: number, size: PerAxis, options: LPPoolOptions) {
    super(spatial, size, options);
    this.power = power;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<Pooled<S, N>> {
    return fromNode(lpPool(this.spatial, x.node, this.power, this.size, this.options, `${this}`));
  }
}

/** (Σ xᵖ)^(1/p) over each window of [n, c, w]. */
export class LPPool1d extends LPPool<1> {
  constructor(power: number, size: PerAxis, options: LPPoolOptions = {}) {
    super(1, power, size, options);
  }
}

/** (Σ xᵖ)^(1/p) over each window of [n, c, h, w]. */
export class LPPool2d extends LPPool<2> {
  constructor(power: number, size: PerAxis, options: LPPoolOptions = {}) {
    super(2, power, size, options);
  }
}

/** (Σ xᵖ)^(1/p) over each window of [n, c, d, h, w]. */
export class LPPool3d extends LPPool<3> {
  constructor(power: number, size: PerAxis, options: LPPoolOptions = {}) {
    super(3, power, size, options);
  }
}

abstract class MaxUnpool<N extends Spatial> extends Pool<N, UnpoolingOptions> {
  /** @param indices what the pooling returned. @param outputSize spatial sizes of the pooling's input, where several fit. */
  forward<S extends Shape>(
    x: Tensor<S>,
    indices: Tensor,
    outputSize: readonly number[] | undefined = this.options.outputSize,
  ): Tensor<Pooled<S, N>> {
    const options = { ...this.options, outputSize };
    return fromNode(maxUnpool(this.spatial, x.node, indices.node, this.size, options, `${this}`));
  }
}

/** Values of a `MaxPool1d` back at their positions, zeros elsewhere. */
export class MaxUnpool1d extends MaxUnpool<1> {
  constructor(size: PerAxis, options: UnpoolingOptions = {}) {
    super(1, size, options);
  }
}

/** Values of a `MaxPool2d` back at their positions, zeros elsewhere. */
export class MaxUnpool2d extends MaxUnpool<2> {
  constructor(size: PerAxis, options: UnpoolingOptions = {}) {
    super(2, size, options);
  }
}

/** Values of a `MaxPool3d` back at their positions, zeros elsewhere. */
export class MaxUnpool3d extends MaxUnpool<3> {
  constructor(size: PerAxis, options: UnpoolingOptions = {}) {
    super(3, size, options);
  }
}
