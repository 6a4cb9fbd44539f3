/** Windows, or whole images, as one number a channel. */
import {
  GlobalAvgPool1d,
  GlobalAvgPool2d,
  GlobalAvgPool3d,
  GlobalMaxPool1d,
  GlobalMaxPool2d,
  GlobalMaxPool3d,
} from "../nn/adaptivePool.ts";
import { AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d } from "../nn/pool.ts";
import type { PerAxis } from "../tensor/functional/windows.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { inFormat, type ChannelOptions, type Over } from "./channels.ts";
import { Layer } from "./layer.ts";

export interface PoolOptions extends ChannelOptions {
  /** 2 by default. */
  readonly poolSize?: PerAxis | undefined;
  /** The pool's size by default. */
  readonly strides?: PerAxis | null | undefined;
  /** "valid" by default; "same" gives ⌈size / stride⌉ positions, and what is put around does not count. */
  readonly padding?: "valid" | "same" | undefined;
}

export interface GlobalPoolOptions extends ChannelOptions {
  /** Whether spatial axes stay, with size 1: false by default. */
  readonly keepdims?: boolean | undefined;
}

abstract class Pooling<O extends ChannelOptions> extends Layer<O> {
  pool!: Over;

  call(x: Tensor): Tensor {
    return this.pool.forward(x);
  }
}

abstract class Max extends Pooling<PoolOptions> {
  protected abstract readonly kind: typeof MaxPool1d | typeof MaxPool2d | typeof MaxPool3d;

  override build(): void {
    const { poolSize = 2, strides, padding = "valid" } = this.options;
    this.pool = inFormat(new this.kind(poolSize, { stride: strides ?? poolSize, padding }), this.options);
  }
}

abstract class Average extends Pooling<PoolOptions> {
  protected abstract readonly kind: typeof AvgPool1d | typeof AvgPool2d | typeof AvgPool3d;

  override build(): void {
    const { poolSize = 2, strides, padding = "valid" } = this.options;
    const options = { stride: strides ?? poolSize, padding, countIncludePad: false };
    this.pool = inFormat(new this.kind(poolSize, options), this.options);
  }
}

abstract class Global extends Pooling<GlobalPoolOptions> {
  protected abstract readonly kind: typeof GlobalAvgPool1d;

  override build(): void {
    this.pool = inFormat(new this.kind({ keepDims: this.options.keepdims }), this.options);
  }
}

export class MaxPooling1D extends Max {
  static override readonly className: string = "MaxPooling1D";
  protected get kind(): typeof MaxPool1d {
    return MaxPool1d;
  }
}

export class MaxPooling2D extends Max {
  static override readonly className: string = "MaxPooling2D";
  protected get kind(): typeof MaxPool2d {
    return MaxPool2d;
  }
}

export class MaxPooling3D extends Max {
  static override readonly className: string = "MaxPooling3D";
  protected get kind(): typeof MaxPool3d {
    return MaxPool3d;
  }
}

export class AveragePooling1D extends Average {
  static override readonly className: string = "AveragePooling1D";
  protected get kind(): typeof AvgPool1d {
    return AvgPool1d;
  }
}

export class AveragePooling2D extends Average {
  static override readonly className: string = "AveragePooling2D";
  protected get kind(): typeof AvgPool2d {
    return AvgPool2d;
  }
}

export class AveragePooling3D extends Average {
  static override readonly className: string = "AveragePooling3D";
  protected get kind(): typeof AvgPool3d {
    return AvgPool3d;
  }
}

export class GlobalMaxPooling1D extends Global {
  static override readonly className: string = "GlobalMaxPooling1D";
  protected get kind(): typeof GlobalMaxPool1d {
    return GlobalMaxPool1d;
  }
}

export class GlobalMaxPooling2D extends Global {
  static override readonly className: string = "GlobalMaxPooling2D";
  protected get kind(): typeof GlobalMaxPool2d {
    return GlobalMaxPool2d;
  }
}

export class GlobalMaxPooling3D extends Global {
  static override readonly className: string = "GlobalMaxPooling3D";
  protected get kind(): typeof GlobalMaxPool3d {
    return GlobalMaxPool3d;
  }
}

export class GlobalAveragePooling1D extends Global {
  static override readonly className: string = "GlobalAveragePooling1D";
  protected get kind(): typeof GlobalAvgPool1d {
    return GlobalAvgPool1d;
  }
}

export class GlobalAveragePooling2D extends Global {
  static override readonly className: string = "GlobalAveragePooling2D";
  protected get kind(): typeof GlobalAvgPool2d {
    return GlobalAvgPool2d;
  }
}

export class GlobalAveragePooling3D extends Global {
  static override readonly className: string = "GlobalAveragePooling3D";
  protected get kind(): typeof GlobalAvgPool3d {
    return GlobalAvgPool3d;
  }
}

/** The largest element of each window: [n, steps, c] → [n, steps′, c]. */
export function maxPooling1d(options: PoolOptions = {}): MaxPooling1D {
  return new MaxPooling1D(options);
}

/** The largest element of each window: [n, height, width, c] → [n, height′, width′, c]. */
export function maxPooling2d(options: PoolOptions = {}): MaxPooling2D {
  return new MaxPooling2D(options);
}

/** The largest element of each window: [n, depth, height, width, c] → [n, depth′, height′, width′, c]. */
export function maxPooling3d(options: PoolOptions = {}): MaxPooling3D {
  return new MaxPooling3D(options);
}

/** The mean of each window: [n, steps, c] → [n, steps′, c]. */
export function averagePooling1d(options: PoolOptions = {}): AveragePooling1D {
  return new AveragePooling1D(options);
}

/** The mean of each window: [n, height, width, c] → [n, height′, width′, c]. */
export function averagePooling2d(options: PoolOptions = {}): AveragePooling2D {
  return new AveragePooling2D(options);
}

/** The mean of each window: [n, depth, height, width, c] → [n, depth′, height′, width′, c]. */
export function averagePooling3d(options: PoolOptions = {}): AveragePooling3D {
  return new AveragePooling3D(options);
}

/** The largest element of each channel: [n, steps, c] → [n, c]. */
export function globalMaxPooling1d(options: GlobalPoolOptions = {}): GlobalMaxPooling1D {
  return new GlobalMaxPooling1D(options);
}

/** The largest element of each channel: [n, height, width, c] → [n, c]. */
export function globalMaxPooling2d(options: GlobalPoolOptions = {}): GlobalMaxPooling2D {
  return new GlobalMaxPooling2D(options);
}

/** The largest element of each channel: [n, depth, height, width, c] → [n, c]. */
export function globalMaxPooling3d(options: GlobalPoolOptions = {}): GlobalMaxPooling3D {
  return new GlobalMaxPooling3D(options);
}

/** The mean of each channel: [n, steps, c] → [n, c]. */
export function globalAveragePooling1d(options: GlobalPoolOptions = {}): GlobalAveragePooling1D {
  return new GlobalAveragePooling1D(options);
}

/** The mean of each channel: [n, height, width, c] → [n, c]. */
export function globalAveragePooling2d(options: GlobalPoolOptions = {}): GlobalAveragePooling2D {
  return new GlobalAveragePooling2D(options);
}

/** The mean of each channel: [n, depth, height, width, c] → [n, c]. */
export function globalAveragePooling3d(options: GlobalPoolOptions = {}): GlobalAveragePooling3D {
  return new GlobalAveragePooling3D(options);
}
