import type { Shape } from "../core/shape.ts";
import type { PoolingOptions } from "../tensor/functional/pooling.ts";
import type { Pair, Tensor } from "../tensor/tensor.ts";
import type { Pool2d } from "../tensor/types/conv.ts";
import { Module } from "./module.ts";
import type { Rule } from "./rules.ts";

interface PoolRule extends Rule {
  readonly r: this["s"] extends infer S extends Shape ? Pool2d<S> : never;
}

/** The largest element of each window of [n, c, h, w]. Windows do not overlap unless `stride` says so. */
export class MaxPool2d extends Module {
  declare readonly "~rule": PoolRule;
  readonly size: Pair;
  readonly options: PoolingOptions;

  constructor(size: Pair, options: PoolingOptions = {}) {
    super();
    this.size = size;
    this.options = options;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<Pool2d<S>>;
  forward(x: Tensor): Tensor {
    return x.maxPool2d(this.size, this.options);
  }

  override toString(): string {
    return `MaxPool2d(${JSON.stringify(this.size)})`;
  }
}

/** The mean of each window of [n, c, h, w]. */
export class AvgPool2d extends Module {
  declare readonly "~rule": PoolRule;
  readonly size: Pair;
  readonly options: PoolingOptions;

  constructor(size: Pair, options: PoolingOptions = {}) {
    super();
    this.size = size;
    this.options = options;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<Pool2d<S>>;
  forward(x: Tensor): Tensor {
    return x.avgPool2d(this.size, this.options);
  }

  override toString(): string {
    return `AvgPool2d(${JSON.stringify(this.size)})`;
  }
}
