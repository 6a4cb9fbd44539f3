/** Layers that move elements, put some around, or take some away. */
import { ArgumentError } from "../core/errors.ts";
import type { Shape } from "../core/shape.ts";
import { Flatten as NnFlatten, Reshape as NnReshape } from "../nn/flatten.ts";
import type { Module } from "../nn/module.ts";
import { Cropping1d, Cropping2d, Cropping3d, ZeroPad1d, ZeroPad2d, ZeroPad3d } from "../nn/padding.ts";
import { Permute as NnPermute, RepeatVector as NnRepeatVector } from "../nn/shapes.ts";
import { Upsample } from "../nn/upsample.ts";
import type { PerAxis } from "../tensor/functional/windows.ts";
import { moveAxis } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { inFormat, type ChannelOptions, type Over } from "./channels.ts";
import { Layer, type LayerOptions } from "./layer.ts";

export class Flatten extends Layer<ChannelOptions> {
  static override readonly className: string = "Flatten";

  call(x: Tensor): Tensor {
    // Weights behind it are then the same for both formats.
    const last = this.options.dataFormat === "channelsFirst" && x.rank > 2 ? moveAxis(x, 1, -1) : x;
    return last.rank === 1 ? last.unsqueeze(1) : new NnFlatten().forward(last);
  }
}

/** All axes of an example as one: [n, …] → [n, product]. */
export function flatten(options: ChannelOptions = {}): Flatten {
  return new Flatten(options);
}

export interface ReshapeOptions extends LayerOptions {
  /** Without the batch; one size may be −1. */
  readonly targetShape: Shape;
}

export class Reshape extends Layer<ReshapeOptions> {
  static override readonly className: string = "Reshape";

  call(x: Tensor): Tensor {
    return new NnReshape(this.options.targetShape).forward(x);
  }
}

/** Every example under another shape. */
export function reshape(options: ReshapeOptions): Reshape {
  return new Reshape(options);
}

export interface PermuteOptions extends LayerOptions {
  /** Counted from 1, without the batch: [2, 1] exchanges both axes of an example. */
  readonly dims: readonly number[];
}

export class Permute extends Layer<PermuteOptions> {
  static override readonly className: string = "Permute";

  constructor(options: PermuteOptions) {
    super(options);
    const sorted = [...options.dims].sort((a, b) => a - b);
    if (sorted.some((axis, i) => axis !== i + 1))
      throw new ArgumentError(
        `${this}: dims must be the numbers from 1 to ${sorted.length}, got [${options.dims.join(", ")}]`,
      );
  }

  call(x: Tensor): Tensor {
    return new NnPermute([0, ...this.options.dims]).forward(x);
  }
}

/** The axes of an example in another order. */
export function permute(options: PermuteOptions): Permute {
  return new Permute(options);
}

export interface RepeatVectorOptions extends LayerOptions {
  /** How many times. */
  readonly n: number;
}

export class RepeatVector extends Layer<RepeatVectorOptions> {
  static override readonly className: string = "RepeatVector";

  call(x: Tensor): Tensor {
    return new NnRepeatVector(this.options.n).forward(x);
  }
}

/** Every example several times over, one step each: [n, features] → [n, times, features]. */
export function repeatVector(options: RepeatVectorOptions): RepeatVector {
  return new RepeatVector(options);
}

/** One width for all sides, one for each axis, or [before, after] for each axis, the first axis first. */
export type SideWidths = number | readonly (number | readonly [number, number])[];

/** Widths as `nn` wants them: two for each axis, from the last to the first. One axis may be given as a pair alone. */
function sides(layer: object, spatial: number, widths: SideWidths): number[] {
  const list =
    typeof widths === "number"
      ? new Array<number>(spatial).fill(widths)
      : spatial === 1 && widths.length === 2
        ? [widths as readonly [number, number]]
        : widths;
  if (list.length !== spatial)
    throw new ArgumentError(
      `${layer}: wants one width, ${spatial} of them or ${spatial} pairs of [before, after], got ${JSON.stringify(widths)}`,
    );
  return list
    .map((side) => (typeof side === "number" ? [side, side] : [...side]))
    .reverse()
    .flat();
}

export interface ZeroPaddingOptions extends ChannelOptions {
  /** 1 by default. */
  readonly padding?: SideWidths | undefined;
}

export interface CroppingOptions extends ChannelOptions {
  /** 1 by default for signals, 0 for images, 1 for volumes, as in Keras. */
  readonly cropping?: SideWidths | undefined;
}

export interface UpSamplingOptions extends ChannelOptions {
  /** How many times as large: 2 by default; one for each axis or for all. */
  readonly size?: PerAxis | undefined;
  /** "nearest" by default, or "bilinear". */
  readonly interpolation?: "nearest" | "bilinear" | undefined;
}

/** A layer that is a spatial module of `nn`. */
abstract class Spatially<O extends ChannelOptions> extends Layer<O> {
  over!: Over;
  protected abstract make(): Module;

  override build(): void {
    this.over = inFormat(this.make(), this.options);
  }

  call(x: Tensor): Tensor {
    return this.over.forward(x);
  }
}

export class ZeroPadding1D extends Spatially<ZeroPaddingOptions> {
  static override readonly className: string = "ZeroPadding1D";
  protected make(): Module {
    return new ZeroPad1d(sides(this, 1, this.options.padding ?? 1));
  }
}

/** Zeros around [n, steps, c]. */
export function zeroPadding1d(options: ZeroPaddingOptions = {}): ZeroPadding1D {
  return new ZeroPadding1D(options);
}

export class Cropping1D extends Spatially<CroppingOptions> {
  static override readonly className: string = "Cropping1D";
  protected make(): Module {
    return new Cropping1d(sides(this, 1, this.options.cropping ?? 1));
  }
}

/** Elements cut off the sides of [n, steps, c]. */
export function cropping1d(options: CroppingOptions = {}): Cropping1D {
  return new Cropping1D(options);
}

export class UpSampling1D extends Spatially<UpSamplingOptions> {
  static override readonly className: string = "UpSampling1D";
  protected make(): Module {
    const { size = 2, interpolation = "nearest" } = this.options;
    return new Upsample({ scaleFactor: size, mode: interpolation });
  }
}

/** [n, steps, c], larger: elements repeated. */
export function upSampling1d(options: UpSamplingOptions = {}): UpSampling1D {
  return new UpSampling1D(options);
}

export class ZeroPadding2D extends Spatially<ZeroPaddingOptions> {
  static override readonly className: string = "ZeroPadding2D";
  protected make(): Module {
    return new ZeroPad2d(sides(this, 2, this.options.padding ?? 1));
  }
}

/** Zeros around [n, height, width, c]. */
export function zeroPadding2d(options: ZeroPaddingOptions = {}): ZeroPadding2D {
  return new ZeroPadding2D(options);
}

export class Cropping2D extends Spatially<CroppingOptions> {
  static override readonly className: string = "Cropping2D";
  protected make(): Module {
    return new Cropping2d(sides(this, 2, this.options.cropping ?? 0));
  }
}

/** Elements cut off the sides of [n, height, width, c]. */
export function cropping2d(options: CroppingOptions = {}): Cropping2D {
  return new Cropping2D(options);
}

export class UpSampling2D extends Spatially<UpSamplingOptions> {
  static override readonly className: string = "UpSampling2D";
  protected make(): Module {
    const { size = 2, interpolation = "nearest" } = this.options;
    return new Upsample({ scaleFactor: size, mode: interpolation });
  }
}

/** [n, height, width, c], larger: elements repeated, or in between ("bilinear"). */
export function upSampling2d(options: UpSamplingOptions = {}): UpSampling2D {
  return new UpSampling2D(options);
}

export class ZeroPadding3D extends Spatially<ZeroPaddingOptions> {
  static override readonly className: string = "ZeroPadding3D";
  protected make(): Module {
    return new ZeroPad3d(sides(this, 3, this.options.padding ?? 1));
  }
}

/** Zeros around [n, depth, height, width, c]. */
export function zeroPadding3d(options: ZeroPaddingOptions = {}): ZeroPadding3D {
  return new ZeroPadding3D(options);
}

export class Cropping3D extends Spatially<CroppingOptions> {
  static override readonly className: string = "Cropping3D";
  protected make(): Module {
    return new Cropping3d(sides(this, 3, this.options.cropping ?? 1));
  }
}

/** Elements cut off the sides of [n, depth, height, width, c]. */
export function cropping3d(options: CroppingOptions = {}): Cropping3D {
  return new Cropping3D(options);
}

export class UpSampling3D extends Spatially<UpSamplingOptions> {
  static override readonly className: string = "UpSampling3D";
  protected make(): Module {
    const { size = 2, interpolation = "nearest" } = this.options;
    return new Upsample({ scaleFactor: size, mode: interpolation });
  }
}

/** [n, depth, height, width, c], larger: elements repeated. */
export function upSampling3d(options: UpSamplingOptions = {}): UpSampling3D {
  return new UpSampling3D(options);
}
