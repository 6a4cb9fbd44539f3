/** Convolutions that look at each channel alone, and then mix channels at each position: Chollet 2017, MobileNet. */
import type { Padding, PerAxis } from "../tensor/functional/windows.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Conv1d, Conv2d, type ConvOptions } from "./conv.ts";
import { Module } from "./module.ts";

export interface DepthwiseOptions extends Omit<ConvOptions<Padding, PerAxis>, "groups"> {
  /** How many kernels each channel has, 1 by default. */
  readonly depthMultiplier?: number | undefined;
}

/** A `Conv1d` with one group for each channel: [n, channels, w] → [n, channels · depthMultiplier, w′]. */
export class DepthwiseConv1d extends Conv1d<number, number, Padding, PerAxis> {
  constructor(channels: number, kernelSize: PerAxis, { depthMultiplier = 1, ...options }: DepthwiseOptions = {}) {
    super(channels, channels * depthMultiplier, kernelSize, { ...options, groups: channels });
  }
}

/** A `Conv2d` with one group for each channel: [n, channels, h, w] → [n, channels · depthMultiplier, h′, w′]. */
export class DepthwiseConv2d extends Conv2d<number, number, Padding, PerAxis> {
  constructor(channels: number, kernelSize: PerAxis, { depthMultiplier = 1, ...options }: DepthwiseOptions = {}) {
    super(channels, channels * depthMultiplier, kernelSize, { ...options, groups: channels });
  }
}

/**
 * A depthwise convolution without bias, then a 1-wide one that mixes channels: window · in + in · out weights instead of
 * window · in · out.
 */
export class SeparableConv1d extends Module {
  depthwise: DepthwiseConv1d;
  pointwise: Conv1d;

  constructor(inChannels: number, outChannels: number, kernelSize: PerAxis, options: DepthwiseOptions = {}) {
    super();
    const { bias, dtype, depthMultiplier = 1 } = options;
    this.depthwise = new DepthwiseConv1d(inChannels, kernelSize, { ...options, bias: false });
    this.pointwise = new Conv1d(inChannels * depthMultiplier, outChannels, 1, { bias, dtype });
  }

  forward(x: Tensor): Tensor {
    return this.pointwise.forward(this.depthwise.forward(x));
  }
}

/** `SeparableConv1d` for images. */
export class SeparableConv2d extends Module {
  depthwise: DepthwiseConv2d;
  pointwise: Conv2d;

  constructor(inChannels: number, outChannels: number, kernelSize: PerAxis, options: DepthwiseOptions = {}) {
    super();
    const { bias, dtype, depthMultiplier = 1 } = options;
    this.depthwise = new DepthwiseConv2d(inChannels, kernelSize, { ...options, bias: false });
    this.pointwise = new Conv2d(inChannels * depthMultiplier, outChannels, 1, { bias, dtype });
  }

  forward(x: Tensor): Tensor {
    return this.pointwise.forward(this.depthwise.forward(x));
  }
}
