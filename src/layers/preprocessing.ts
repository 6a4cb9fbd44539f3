/** Preprocessing inside the model, so that it is saved with it. */
import { ArgumentError } from "../core/errors.ts";
import { normalizeAxis, type Shape } from "../core/shape.ts";
import { interpolate } from "../nn/upsample.ts";
import { noGrad } from "../tensor/autodiff.ts";
import { assign } from "../tensor/assign.ts";
import { tensor } from "../tensor/create.ts";
import { widestFloat } from "../tensor/engine.ts";
import { moveAxis } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ChannelOptions } from "./channels.ts";
import { Layer, type LayerOptions } from "./layer.ts";
import { sizeAt, type KerasShape } from "./symbolic.ts";

export interface RescalingOptions extends LayerOptions {
  readonly scale: number;
  /** 0 by default. */
  readonly offset?: number | undefined;
}

export class Rescaling extends Layer<RescalingOptions> {
  static override readonly className: string = "Rescaling";

  call(x: Tensor): Tensor {
    const { scale, offset = 0 } = this.options;
    return x.cast(this.dtype).mul(scale).add(offset);
  }
}

/** x · scale + offset; integers become floats. @example layers.rescaling({ scale: 1 / 255 }) */
export function rescaling(options: RescalingOptions): Rescaling {
  return new Rescaling(options);
}

export interface NormalizationOptions extends LayerOptions {
  /** Axes with statistics of their own: the last by default; null for one mean of all. The batch is axis 0. */
  readonly axis?: number | readonly number[] | null | undefined;
  /** What `adapt` would find, one number or one for each feature. */
  readonly mean?: number | readonly number[] | undefined;
  readonly variance?: number | readonly number[] | undefined;
  /** Whether it turns normalised values back, false by default. */
  readonly invert?: boolean | undefined;
}

/** Weights, none of them trained: mean and variance, in the sizes of the axes. */
export class Normalization extends Layer<NormalizationOptions> {
  static override readonly className: string = "Normalization";
  #axes: readonly number[] = [];

  override build(inputShape: KerasShape): void {
    const { axis = -1, mean, variance } = this.options;
    if ((mean === undefined) !== (variance === undefined))
      throw new ArgumentError(`${this}: mean and variance must be given together, or learnt by adapt`);
    const shape = inputShape.map((size) => size ?? 1);
    this.#axes = (axis === null ? [] : [axis].flat())
      .map((one) => normalizeAxis(`${this}`, one, shape))
      .sort((a, b) => a - b);
    const sizes = this.#axes.map((one) => sizeAt(this, inputShape, one));
    const add = (name: string, value: number): void => {
      this.addWeight(name, sizes, { initializer: { className: "Constant", config: { value } }, trainable: false });
    };
    add("mean", 0);
    add("variance", 1);
    if (mean !== undefined) this.#set(fitted(mean, sizes), fitted(variance!, sizes));
  }

  /** Learns mean and variance from examples, [n, …]. */
  adapt(data: Tensor): void {
    this.buildFor([null, ...data.shape.slice(1)]);
    const others = data.shape.map((_, axis) => axis).filter((axis) => !this.#axes.includes(axis));
    noGrad(() => {
      const exact = data.cast(widestFloat());
      this.#set(exact.mean(others), exact.variance(others, false, 0));
    });
  }

  #set(mean: Tensor, variance: Tensor): void {
    const [a, b] = [this.weight("mean"), this.weight("variance")];
    assign([
      { cell: a.cell, value: mean.cast(a.dtype).node },
      { cell: b.cell, value: variance.cast(b.dtype).node },
    ]);
  }

  call(x: Tensor): Tensor {
    const shape = x.shape.map((size, axis) => (this.#axes.includes(axis) ? size : 1));
    const mean = this.weight("mean").reshape(shape);
    // Keras's bound keeps features that never change at 0.
    const deviation = this.weight("variance").reshape(shape).sqrt().maximum(1e-7);
    const value = x.cast(this.dtype);
    return this.options.invert ? value.mul(deviation).add(mean) : value.sub(mean).div(deviation);
  }
}

const fitted = (values: number | readonly number[], sizes: Shape): Tensor => {
  const count = sizes.reduce((product, size) => product * size, 1);
  const list = typeof values === "number" ? new Array<number>(count).fill(values) : [...values];
  return tensor((widestFloat() === "f64" ? Float64Array : Float32Array).from(list), [...sizes]);
};

/**
 * (x − mean) / √variance of each feature, learnt beforehand by `adapt`, or given.
 * @example const norm = layers.normalization(); norm.adapt(x);
 */
export function normalization(options: NormalizationOptions = {}): Normalization {
  return new Normalization(options);
}

export interface ResizingOptions extends ChannelOptions {
  readonly height: number;
  readonly width: number;
  /** "bilinear" by default. */
  readonly interpolation?: "bilinear" | "nearest" | "bicubic" | undefined;
}

export class Resizing extends Layer<ResizingOptions> {
  static override readonly className: string = "Resizing";

  call(x: Tensor): Tensor {
    const { height, width, interpolation = "bilinear", dataFormat = "channelsLast" } = this.options;
    const last = dataFormat === "channelsLast";
    // Keras's nearest takes the element whose centre is nearest.
    const mode = interpolation === "nearest" ? "nearest-exact" : interpolation;
    const resized = interpolate(last ? moveAxis(x, -1, 1) : x, { size: [height, width], mode });
    return last ? moveAxis(resized, 1, -1) : resized;
  }
}

/** Images, [n, height, width, c], at another size. */
export function resizing(options: ResizingOptions): Resizing {
  return new Resizing(options);
}

export interface CategoryEncodingOptions extends LayerOptions {
  /** How many classes there are. */
  readonly numTokens: number;
  /** "multiHot" by default: whether each class occurs in an example; "oneHot"; or "count", how often. */
  readonly outputMode?: "multiHot" | "oneHot" | "count" | undefined;
}

export class CategoryEncoding extends Layer<CategoryEncodingOptions> {
  static override readonly className: string = "CategoryEncoding";

  call(x: Tensor): Tensor {
    const { numTokens, outputMode = "multiHot" } = this.options;
    const hot = x.int().oneHot(numTokens).cast(this.dtype);
    if (outputMode === "oneHot") return x.rank > 1 && x.shape.at(-1) === 1 ? hot.squeeze(-2) : hot;
    if (x.rank < 2) return hot;
    return outputMode === "count" ? hot.sum(-2) : hot.max(-2);
  }
}

/** Classes as vectors of 0 and 1: [n, …] → [n, numTokens]. */
export function categoryEncoding(options: CategoryEncodingOptions): CategoryEncoding {
  return new CategoryEncoding(options);
}
