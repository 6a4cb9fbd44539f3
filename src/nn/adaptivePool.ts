/** Pooling to given sizes, and to one number a channel. */
import { classNameOf } from "../core/className.ts";
import type { Shape } from "../core/shape.ts";
import {
  adaptiveAvgPool,
  adaptiveMaxPool,
  adaptiveMaxPoolIndices,
  checkAdaptive,
  globalPool,
  type AdaptiveSize,
} from "../tensor/functional/adaptivePooling.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";
import type { MaxPooled } from "./pool.ts";
import type { Pooled, PoolRule, Spatial } from "./rules.ts";

abstract class AdaptivePool<N extends Spatial> extends Module {
  declare readonly "~rule": PoolRule<N>;
  readonly spatial: N;
  readonly outputSize: AdaptiveSize;

  constructor(spatial: N, outputSize: AdaptiveSize) {
    super();
    this.spatial = spatial;
    this.outputSize = outputSize;
    checkAdaptive(`${this}`, outputSize, spatial);
  }

  override toString(): string {
    return `${classNameOf(this)}(${JSON.stringify(this.outputSize)})`;
  }
}

abstract class AdaptiveAvgPool<N extends Spatial> extends AdaptivePool<N> {
  forward<S extends Shape>(x: Tensor<S>): Tensor<Pooled<S, N>> {
    return fromNode(adaptiveAvgPool(this.spatial, x.node, this.outputSize, `${this}`));
  }
}

/** The mean of [n, c, w] over windows that share the axis out, `outputSize` of them. */
export class AdaptiveAvgPool1d extends AdaptiveAvgPool<1> {
  constructor(outputSize: AdaptiveSize) {
    super(1, outputSize);
  }
}

/** The mean of [n, c, h, w] over windows that share the axes out: one size for both, or one each; null keeps an axis. */
export class AdaptiveAvgPool2d extends AdaptiveAvgPool<2> {
  constructor(outputSize: AdaptiveSize) {
    super(2, outputSize);
  }
}

/** The mean of [n, c, d, h, w] over windows that share the axes out. */
export class AdaptiveAvgPool3d extends AdaptiveAvgPool<3> {
  constructor(outputSize: AdaptiveSize) {
    super(3, outputSize);
  }
}

export interface AdaptiveMaxPoolOptions<R extends boolean = boolean> {
  /** Whether the positions of the maxima are returned too: false by default. */
  readonly returnIndices?: R | undefined;
}

abstract class AdaptiveMaxPool<N extends Spatial, const R extends boolean> extends AdaptivePool<N> {
  readonly returnIndices: boolean;

  constructor(spatial: N, outputSize: AdaptiveSize, { returnIndices = false as R }: AdaptiveMaxPoolOptions<R>) {
    super(spatial, outputSize);
    this.returnIndices = returnIndices;
  }

  forward<S extends Shape>(x: Tensor<S>): MaxPooled<S, N, R>;
  forward(x: Tensor): Tensor | [Tensor, Tensor] {
    const { spatial, outputSize } = this;
    if (!this.returnIndices) return fromNode(adaptiveMaxPool(spatial, x.node, outputSize, `${this}`));
    const { values, indices } = adaptiveMaxPoolIndices(spatial, x.node, outputSize, `${this}`);
    return [fromNode(values), fromNode(indices)];
  }
}

/** The largest element of [n, c, w] in windows that share the axis out. */
export class AdaptiveMaxPool1d<const R extends boolean = false> extends AdaptiveMaxPool<1, R> {
  constructor(outputSize: AdaptiveSize, options: AdaptiveMaxPoolOptions<R> = {}) {
    super(1, outputSize, options);
  }
}

/** The largest element of [n, c, h, w] in windows that share the axes out. */
export class AdaptiveMaxPool2d<const R extends boolean = false> extends AdaptiveMaxPool<2, R> {
  constructor(outputSize: AdaptiveSize, options: AdaptiveMaxPoolOptions<R> = {}) {
    super(2, outputSize, options);
  }
}

/** The largest element of [n, c, d, h, w] in windows that share the axes out. */
export class AdaptiveMaxPool3d<const R extends boolean = false> extends AdaptiveMaxPool<3, R> {
  constructor(outputSize: AdaptiveSize, options: AdaptiveMaxPoolOptions<R> = {}) {
    super(3, outputSize, options);
  }
}

export interface GlobalPoolOptions {
  /** Whether spatial axes stay, with size 1: false by default, [n, c]. */
  readonly keepDims?: boolean | undefined;
}

abstract class GlobalPool extends Module {
  readonly kind: "avg" | "max";
  readonly spatial: Spatial;
  readonly keepDims: boolean;

  constructor(kind: "avg" | "max", spatial: Spatial, { keepDims = false }: GlobalPoolOptions) {
    super();
    this.kind = kind;
    this.spatial = spatial;
    this.keepDims = keepDims;
  }

  forward(x: Tensor): Tensor {
    return fromNode(globalPool(this.kind, this.spatial, x.node, this.keepDims, `${this}`));
  }
}

/** The mean of each channel: [n, c, w] → [n, c]. */
export class GlobalAvgPool1d extends GlobalPool {
  constructor(options: GlobalPoolOptions = {}) {
    super("avg", 1, options);
  }
}

/** The mean of each channel: [n, c, h, w] → [n, c]. */
export class GlobalAvgPool2d extends GlobalPool {
  constructor(options: GlobalPoolOptions = {}) {
    super("avg", 2, options);
  }
}

/** The mean of each channel: [n, c, d, h, w] → [n, c]. */
export class GlobalAvgPool3d extends GlobalPool {
  constructor(options: GlobalPoolOptions = {}) {
    super("avg", 3, options);
  }
}

/** The largest element of each channel: [n, c, w] → [n, c]. */
export class GlobalMaxPool1d extends GlobalPool {
  constructor(options: GlobalPoolOptions = {}) {
    super("max", 1, options);
  }
}

/** The largest element of each channel: [n, c, h, w] → [n, c]. */
export class GlobalMaxPool2d extends GlobalPool {
  constructor(options: GlobalPoolOptions = {}) {
    super("max", 2, options);
  }
}

/** The largest element of each channel: [n, c, d, h, w] → [n, c]. */
export class GlobalMaxPool3d extends GlobalPool {
  constructor(options: GlobalPoolOptions = {}) {
    super("max", 3, options);
  }
}
