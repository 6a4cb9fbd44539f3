/** Convolutions that look at each channel alone, and those that mix channels afterwards. */
import { Conv1d, Conv2d } from "../nn/conv.ts";
import { Sequential } from "../nn/sequential.ts";
import { DepthwiseConv1d, DepthwiseConv2d } from "../nn/separableConv.ts";
import type { StateTensor } from "../tensor/parameter.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { channelsOf, inFormat, type ChannelOptions, type Over } from "./channels.ts";
import type { ConvOptions, WindowOptions } from "./conv.ts";
import { initializerOf, type InitializerLike } from "./initializers.ts";
import { ActivatedLayer, type BiasOptions } from "./kernel.ts";
import type { ConstraintLike, RegularizerLike } from "./penalties.ts";
import type { KerasShape } from "./symbolic.ts";
import { kernelLayout, type Layout } from "./weight.ts";

interface Depthwise {
  /** Kernels of each channel, 1 by default. */
  readonly depthMultiplier?: number | undefined;
  /** "glorotUniform" by default. */
  readonly depthwiseInitializer?: InitializerLike | undefined;
  readonly depthwiseRegularizer?: RegularizerLike | null | undefined;
  readonly depthwiseConstraint?: ConstraintLike | null | undefined;
}

export interface DepthwiseConvOptions extends Depthwise, WindowOptions, BiasOptions, ChannelOptions {}

export interface SeparableConvOptions extends Depthwise, Omit<ConvOptions, "groups"> {
  /** "glorotUniform" by default. */
  readonly pointwiseInitializer?: InitializerLike | undefined;
  readonly pointwiseRegularizer?: RegularizerLike | null | undefined;
  readonly pointwiseConstraint?: ConstraintLike | null | undefined;
}

/** [in · multiplier, 1, window…] held, [window…, in, multiplier] for Keras. */
function depthwiseLayout(spatial: number, multiplier: number): Layout {
  const window = Array.from({ length: spatial }, (_, i) => i + 2);
  return {
    toKeras: ([held]) => {
      const [channels, , ...sizes] = held!.shape;
      return held!.reshape([channels! / multiplier, multiplier, ...sizes]).permute([...window, 0, 1]);
    },
    fromKeras: (value) => {
      const sizes = value.shape.slice(0, spatial);
      const turned = value.permute([spatial, spatial + 1, ...window.map((axis) => axis - 2)]);
      return [turned.reshape([value.shape[spatial]! * multiplier, 1, ...sizes])];
    },
  };
}

abstract class DepthwiseLayer<O extends DepthwiseConvOptions> extends ActivatedLayer<O> {
  protected abstract readonly spatial: 1 | 2;

  protected depthwise(channels: number, bias: boolean | undefined): DepthwiseConv1d | DepthwiseConv2d {
    const { kernelSize, strides, padding = "valid", dilationRate, depthMultiplier = 1 } = this.options;
    const options = { stride: strides, padding, dilation: dilationRate, depthMultiplier, bias, dtype: this.dtype };
    const Class = this.spatial === 1 ? DepthwiseConv1d : DepthwiseConv2d;
    return new Class(channels, kernelSize, options);
  }

  /** Each channel counts as an input of the kernel, as in Keras, though a kernel sees one only. */
  protected holdDepthwise(weight: StateTensor, channels: number): void {
    const { depthMultiplier: multiplier = 1, depthwiseInitializer = "glorotUniform" } = this.options;
    const initializer = initializerOf(depthwiseInitializer);
    this.hold("depthwise_kernel", weight, {
      layout: depthwiseLayout(this.spatial, multiplier),
      initializer: ([, , ...window], random) => initializer([multiplier, channels, ...window], random),
      regularizer: this.options.depthwiseRegularizer,
      constraint: this.options.depthwiseConstraint,
    });
  }
}

abstract class DepthwiseConvolution extends DepthwiseLayer<DepthwiseConvOptions> {
  conv!: Over;

  override build(inputShape: KerasShape): void {
    const channels = channelsOf(this, inputShape, this.options);
    const conv = this.depthwise(channels, this.options.useBias);
    this.conv = inFormat(conv, this.options);
    this.holdDepthwise(conv.weight, channels);
    if (conv.bias) this.holdBias(conv.bias);
  }

  call(x: Tensor): Tensor {
    return this.activate(this.conv.forward(x));
  }
}

/** Weights: depthwise_kernel [window, in, multiplier], bias [in · multiplier]. */
export class DepthwiseConv1D extends DepthwiseConvolution {
  static override readonly className: string = "DepthwiseConv1D";
  protected get spatial(): 1 {
    return 1;
  }
}

/** Weights: depthwise_kernel [window, window, in, multiplier], bias [in · multiplier]. */
export class DepthwiseConv2D extends DepthwiseConvolution {
  static override readonly className: string = "DepthwiseConv2D";
  protected get spatial(): 2 {
    return 2;
  }
}

abstract class SeparableConvolution extends DepthwiseLayer<SeparableConvOptions> {
  conv!: Over;

  override build(inputShape: KerasShape): void {
    const { filters, depthMultiplier = 1, useBias: bias } = this.options;
    const channels = channelsOf(this, inputShape, this.options);
    const depthwise = this.depthwise(channels, false);
    const Class = this.spatial === 1 ? Conv1d : Conv2d;
    const pointwise = new Class(channels * depthMultiplier, filters, 1, { bias, dtype: this.dtype });
    this.conv = inFormat(new Sequential([depthwise, pointwise]), this.options);
    this.holdDepthwise(depthwise.weight, channels);
    this.hold("pointwise_kernel", pointwise.weight, {
      layout: kernelLayout(this.spatial),
      initializer: this.options.pointwiseInitializer ?? "glorotUniform",
      regularizer: this.options.pointwiseRegularizer,
      constraint: this.options.pointwiseConstraint,
    });
    if (pointwise.bias) this.holdBias(pointwise.bias);
  }

  call(x: Tensor): Tensor {
    return this.activate(this.conv.forward(x));
  }
}

/** Weights: depthwise_kernel [window, in, multiplier], pointwise_kernel [1, in · multiplier, filters], bias [filters]. */
export class SeparableConv1D extends SeparableConvolution {
  static override readonly className: string = "SeparableConv1D";
  protected get spatial(): 1 {
    return 1;
  }
}

/** Weights: depthwise_kernel [window, window, in, multiplier], pointwise_kernel [1, 1, in · multiplier, filters], bias [filters]. */
export class SeparableConv2D extends SeparableConvolution {
  static override readonly className: string = "SeparableConv2D";
  protected get spatial(): 2 {
    return 2;
  }
}

/** Kernels of each channel alone: [n, steps, in] → [n, steps′, in · depthMultiplier]. */
export function depthwiseConv1d(options: DepthwiseConvOptions): DepthwiseConv1D {
  return new DepthwiseConv1D(options);
}

/** Kernels of each channel alone: [n, height, width, in] → [n, height′, width′, in · depthMultiplier]. */
export function depthwiseConv2d(options: DepthwiseConvOptions): DepthwiseConv2D {
  return new DepthwiseConv2D(options);
}

/** A depthwise convolution, then one that mixes channels at each step. */
export function separableConv1d(options: SeparableConvOptions): SeparableConv1D {
  return new SeparableConv1D(options);
}

/** A depthwise convolution, then one that mixes channels at each pixel. */
export function separableConv2d(options: SeparableConvOptions): SeparableConv2D {
  return new SeparableConv2D(options);
}
