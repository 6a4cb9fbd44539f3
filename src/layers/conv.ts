/** Convolutions of signals, images and volumes, channels last unless told otherwise. */
import { ArgumentError } from "../core/errors.ts";
import { Conv1d, Conv2d, Conv3d, type ConvOptions as NnOptions } from "../nn/conv.ts";
import { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from "../nn/convTranspose.ts";
import type { Module } from "../nn/module.ts";
import { Cropping1d, Cropping2d, Cropping3d } from "../nn/padding.ts";
import { Sequential } from "../nn/sequential.ts";
import type { Spatial } from "../nn/rules.ts";
import { perAxis, reachOf, type PerAxis } from "../tensor/functional/windows.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { channelsOf, inFormat, type ChannelOptions, type Over } from "./channels.ts";
import { ActivatedLayer, type KernelOptions } from "./kernel.ts";
import type { KerasShape } from "./symbolic.ts";
import { kernelLayout } from "./weight.ts";

/** How a window lies over its input. */
export interface WindowOptions {
  /** One size for all spatial axes, or one each. */
  readonly kernelSize: PerAxis;
  /** 1 by default. */
  readonly strides?: PerAxis | undefined;
  /** "valid" (the default): no padding; "same": ⌈size / stride⌉ positions; "causal" (signals only): nothing later is seen. */
  readonly padding?: "valid" | "same" | "causal" | undefined;
  /** Distance between the elements of a window, 1 by default. */
  readonly dilationRate?: PerAxis | undefined;
}

export interface ConvOptions extends WindowOptions, KernelOptions, ChannelOptions {
  /** Channels of the output. */
  readonly filters: number;
  /** Groups of channels that do not see one another, 1 by default. */
  readonly groups?: number | undefined;
}

const CONVOLUTIONS = { 1: Conv1d, 2: Conv2d, 3: Conv3d } as const;

abstract class Convolution extends ActivatedLayer<ConvOptions> {
  conv!: Over;
  protected abstract readonly spatial: Spatial;

  override build(inputShape: KerasShape): void {
    const { filters, kernelSize, strides, padding = "valid", dilationRate, groups, useBias } = this.options;
    const options: NnOptions = {
      stride: strides,
      padding,
      dilation: dilationRate,
      groups,
      bias: useBias,
      dtype: this.dtype,
    };
    const Class = CONVOLUTIONS[this.spatial] as typeof Conv2d<number, number, never, never>;
    const conv = new Class(channelsOf(this, inputShape, this.options), filters, kernelSize, options as never);
    this.conv = inFormat(conv, this.options);
    this.holdKernel(conv.weight, kernelLayout(this.spatial), conv.bias);
  }

  call(x: Tensor): Tensor {
    return this.activate(this.conv.forward(x));
  }
}

/** Weights: kernel [window, in / groups, filters], bias [filters]. */
export class Conv1D extends Convolution {
  static override readonly className: string = "Conv1D";
  protected get spatial(): 1 {
    return 1;
  }
}

/** Weights: kernel [window, window, in / groups, filters], bias [filters]. */
export class Conv2D extends Convolution {
  static override readonly className: string = "Conv2D";
  protected get spatial(): 2 {
    return 2;
  }
}

/** Weights: kernel [window, window, window, in / groups, filters], bias [filters]. */
export class Conv3D extends Convolution {
  static override readonly className: string = "Conv3D";
  protected get spatial(): 3 {
    return 3;
  }
}

/** Kernels that slide along signals: [n, steps, in] → [n, steps′, filters]. */
export function conv1d(options: ConvOptions): Conv1D {
  return new Conv1D(options);
}

/**
 * Kernels that slide over images: [n, height, width, in] → [n, height′, width′, filters].
 * @example layers.conv2d({ filters: 32, kernelSize: 3, activation: "relu", inputShape: [28, 28, 1] })
 */
export function conv2d(options: ConvOptions): Conv2D {
  return new Conv2D(options);
}

/** Kernels that slide through volumes: [n, depth, height, width, in] → [n, depth′, height′, width′, filters]. */
export function conv3d(options: ConvOptions): Conv3D {
  return new Conv3D(options);
}

export interface ConvTransposeOptions extends Omit<ConvOptions, "groups"> {
  /** Which of the sizes that a stride maps to one is meant; by default size · stride for "same", as in Keras. */
  readonly outputPadding?: PerAxis | undefined;
}

const TRANSPOSED = { 1: ConvTranspose1d, 2: ConvTranspose2d, 3: ConvTranspose3d } as const;
const CROPPINGS = { 1: Cropping1d, 2: Cropping2d, 3: Cropping3d } as const;

abstract class TransposedConvolution extends ActivatedLayer<ConvTransposeOptions> {
  conv!: Over;
  protected abstract readonly spatial: Spatial;

  override build(inputShape: KerasShape): void {
    const {
      filters,
      kernelSize,
      strides = 1,
      padding = "valid",
      dilationRate = 1,
      outputPadding,
      useBias,
    } = this.options;
    if (padding === "causal") throw new ArgumentError(`${this}: padding must be "valid" or "same", got "causal"`);
    const { spatial } = this;
    const list = (what: string, value: PerAxis, least: number): number[] =>
      perAxis(`${this}`, what, value, spatial, least);
    const [sizes, steps] = [list("kernelSize", kernelSize, 1), list("strides", strides, 1)];
    const reach = sizes.map((size, i) => reachOf(size, list("dilationRate", dilationRate, 1)[i]!));
    // A plain transposed convolution gives (size − 1) · stride + reach: what "same" has too much of is cut off, what is missing is added.
    const excess = reach.map((width, i) => width - steps[i]!);
    const Class = TRANSPOSED[spatial] as typeof ConvTranspose2d<number, number>;
    const conv = new Class(channelsOf(this, inputShape, this.options), filters, kernelSize, {
      stride: strides,
      dilation: dilationRate,
      bias: useBias,
      dtype: this.dtype,
      ...(outputPadding === undefined
        ? { outputPadding: excess.map((width) => Math.max(0, -width)) }
        : { outputPadding, padding: padding === "same" ? reach.map((width) => Math.floor(width / 2)) : 0 }),
    });
    const cut = outputPadding === undefined && padding === "same" ? excess.map((width) => Math.max(0, width)) : [];
    const whole: Module = cut.some((width) => width > 0) ? new Sequential([conv, cropped(spatial, cut)]) : conv;
    this.conv = inFormat(whole, this.options);
    this.holdKernel(conv.weight, kernelLayout(spatial), conv.bias);
  }

  call(x: Tensor): Tensor {
    return this.activate(this.conv.forward(x));
  }
}

/** Cuts so much from each spatial axis, the odd element at its end. */
function cropped(spatial: Spatial, widths: readonly number[]): Module {
  const sides = widths.map((width) => [Math.floor(width / 2), Math.ceil(width / 2)]);
  return new CROPPINGS[spatial](sides.reverse().flat());
}

/** Weights: kernel [window, filters, in], bias [filters]. */
export class Conv1DTranspose extends TransposedConvolution {
  static override readonly className: string = "Conv1DTranspose";
  protected get spatial(): 1 {
    return 1;
  }
}

/** Weights: kernel [window, window, filters, in], bias [filters]. */
export class Conv2DTranspose extends TransposedConvolution {
  static override readonly className: string = "Conv2DTranspose";
  protected get spatial(): 2 {
    return 2;
  }
}

/** Weights: kernel [window, window, window, filters, in], bias [filters]. */
export class Conv3DTranspose extends TransposedConvolution {
  static override readonly className: string = "Conv3DTranspose";
  protected get spatial(): 3 {
    return 3;
  }
}

/** The transpose of `conv1d`: makes signals longer. */
export function conv1dTranspose(options: ConvTransposeOptions): Conv1DTranspose {
  return new Conv1DTranspose(options);
}

/** The transpose of `conv2d`: with `padding: "same"` images become `strides` times as high and wide. */
export function conv2dTranspose(options: ConvTransposeOptions): Conv2DTranspose {
  return new Conv2DTranspose(options);
}

/** The transpose of `conv3d`. */
export function conv3dTranspose(options: ConvTransposeOptions): Conv3DTranspose {
  return new Conv3DTranspose(options);
}
