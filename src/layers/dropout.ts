/** Noise in training: layers that do nothing otherwise. What is drawn follows from the global seed, see `manualSeed`. */
import { AlphaDropout as NnAlphaDropout, checkRate, dropped } from "../nn/dropout.ts";
import { GaussianDropout as NnGaussianDropout, GaussianNoise as NnGaussianNoise } from "../nn/noise.ts";
import type { Module } from "../nn/module.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import type { DataFormat } from "./channels.ts";
import { Layer, type CallOptions, type LayerOptions } from "./layer.ts";

export interface RateOptions extends LayerOptions {
  /** The share that is dropped, from 0 to 1. */
  readonly rate: number;
}

export interface DropoutOptions extends RateOptions {
  /** The mask's shape with the batch in front, where 1 or null broadcasts or takes the input's size: [null, 1, null] drops whole features. */
  readonly noiseShape?: readonly (number | null)[] | undefined;
}

abstract class Dropping<O extends RateOptions> extends Layer<O> {
  constructor(options: O) {
    super(options);
    checkRate(`${this}`, options.rate);
  }

  override get supportsMasking(): boolean {
    return true;
  }

  protected abstract maskShape(x: Tensor): readonly number[];

  call(x: Tensor, { training }: CallOptions): Tensor {
    return training ? fromNode(dropped(x.node, this.options.rate, this.maskShape(x))) : x;
  }
}

export class Dropout extends Dropping<DropoutOptions> {
  static override readonly className: string = "Dropout";

  protected maskShape({ shape }: Tensor): readonly number[] {
    return this.options.noiseShape?.map((size, axis) => size ?? shape[axis]!) ?? shape;
  }
}

/** Every element is 0 with probability `rate` in training, the others are divided by 1 − rate. */
export function dropout(options: DropoutOptions): Dropout {
  return new Dropout(options);
}

export interface SpatialDropoutOptions extends RateOptions {
  /** "channelsLast" by default. */
  readonly dataFormat?: DataFormat | undefined;
}

abstract class SpatialDropout extends Dropping<SpatialDropoutOptions> {
  protected maskShape({ shape }: Tensor): readonly number[] {
    const channels = this.options.dataFormat === "channelsFirst" ? 1 : shape.length - 1;
    return shape.map((size, axis) => (axis === 0 || axis === channels ? size : 1));
  }
}

export class SpatialDropout1D extends SpatialDropout {
  static override readonly className: string = "SpatialDropout1D";
}
export class SpatialDropout2D extends SpatialDropout {
  static override readonly className: string = "SpatialDropout2D";
}
export class SpatialDropout3D extends SpatialDropout {
  static override readonly className: string = "SpatialDropout3D";
}

/** Drops whole channels of [n, steps, c]. */
export function spatialDropout1d(options: SpatialDropoutOptions): SpatialDropout1D {
  return new SpatialDropout1D(options);
}
/** Drops whole channels of [n, height, width, c]. */
export function spatialDropout2d(options: SpatialDropoutOptions): SpatialDropout2D {
  return new SpatialDropout2D(options);
}
/** Drops whole channels of [n, depth, height, width, c]. */
export function spatialDropout3d(options: SpatialDropoutOptions): SpatialDropout3D {
  return new SpatialDropout3D(options);
}

/** A layer that is a module of `nn`. */
abstract class Noise<O extends LayerOptions> extends Layer<O> {
  readonly noise: Module & { forward(x: Tensor): Tensor };

  constructor(options: O, noise: Module & { forward(x: Tensor): Tensor }) {
    super(options);
    this.noise = noise;
    noise.training = false;
  }

  override get supportsMasking(): boolean {
    return true;
  }

  call(x: Tensor): Tensor {
    return this.noise.forward(x);
  }
}

export class AlphaDropout extends Noise<RateOptions> {
  static override readonly className: string = "AlphaDropout";
  constructor(options: RateOptions) {
    super(options, new NnAlphaDropout(options.rate));
  }
}

export class GaussianDropout extends Noise<RateOptions> {
  static override readonly className: string = "GaussianDropout";
  constructor(options: RateOptions) {
    super(options, new NnGaussianDropout(options.rate));
  }
}

export interface GaussianNoiseOptions extends LayerOptions {
  /** Standard deviation. */
  readonly stddev: number;
}

export class GaussianNoise extends Noise<GaussianNoiseOptions> {
  static override readonly className: string = "GaussianNoise";
  constructor(options: GaussianNoiseOptions) {
    super(options, new NnGaussianNoise(options.stddev));
  }
}

/** Dropout for networks of SELUs: mean and variance stay. */
export function alphaDropout(options: RateOptions): AlphaDropout {
  return new AlphaDropout(options);
}
/** Multiplies by normal numbers of mean 1 and variance rate / (1 − rate) in training. */
export function gaussianDropout(options: RateOptions): GaussianDropout {
  return new GaussianDropout(options);
}
/** Adds normal numbers in training. */
export function gaussianNoise(options: GaussianNoiseOptions): GaussianNoise {
  return new GaussianNoise(options);
}
