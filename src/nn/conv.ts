/** What convolutions of one, two and three spatial axes share. */
import { classNameOf } from "../core/className.ts";
import type { DType } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { convolution } from "../tensor/functional/convolution.ts";
import { checkPaddingMode, type PaddingMode } from "../tensor/functional/padding.ts";
import { checkPadding, perAxis, type Padding, type PerAxis } from "../tensor/functional/windows.ts";
import { nodeOf } from "../tensor/operand.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import type { Checked, Ok } from "../tensor/types/shape.ts";
import { checkSizes } from "./checks.ts";
import { uniform } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { Module } from "./module.ts";
import { AXES, type Convolved, type Rule, type Sizes, type Spatial } from "./rules.ts";

export interface ConvOptions<P extends Padding = Padding, D extends PerAxis = PerAxis> {
  /** Step between windows, 1 by default. */
  readonly stride?: D | undefined;
  /**
   * Elements around the input: a number, one per axis, [before, after] per axis, "same" (the size stays, at stride 1),
   * "valid", or with one axis "causal" (all before the first); 0 by default.
   */
  readonly padding?: P | undefined;
  /** What is put around: "zeros" (the default), "reflect", "replicate" or "circular". */
  readonly paddingMode?: PaddingMode | undefined;
  /** Distance between the elements of a window, 1 by default. */
  readonly dilation?: PerAxis | undefined;
  /** Groups of channels that do not see one another, 1 by default; as many as channels is depthwise. */
  readonly groups?: number | undefined;
  /** Whether a bias is added, true by default. */
  readonly bias?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/** Whether the type checker knows that spatial sizes stay. */
type Keeps<P, D> = [P, D] extends ["same", 1] ? true : false;

interface ConvRule<N extends Spatial, I extends number, O extends number, P, D> extends Rule {
  readonly r: this["s"] extends infer S extends Shape
    ? Convolved<S, N, I, O, Keeps<P, D>, `Conv${N}d(${I}, ${O})`>
    : never;
}
type Result<S extends Shape, N extends Spatial, I extends number, O extends number, P, D> = Convolved<
  S,
  N,
  I,
  O,
  Keeps<P, D>,
  `Conv${N}d(${I}, ${O})`
>;

/** Throws ArgumentError unless both numbers of channels fall into groups. */
export function checkGroups(layer: string, inChannels: number, outChannels: number, groups: number): void {
  checkSizes(layer, { inChannels, outChannels, groups });
  if (inChannels % groups !== 0 || outChannels % groups !== 0)
    throw new ArgumentError(`${layer}: ${inChannels} and ${outChannels} channels do not fall into ${groups} groups`);
}

/** Throws ShapeError unless the input is a batch of signals, images or volumes with as many channels as the layer has. */
export function checkChannels(layer: object, x: Tensor, channels: number, spatial: Spatial): void {
  const { shape } = nodeOf(x, layer);
  if (shape.length !== spatial + 2 || shape[1] !== channels)
    throw new ShapeError(
      `${layer}: the input must be [n, ${channels}, ${AXES[spatial]}], got ${show(shape)}` +
        (shape.length === spatial + 1 ? ". Use unsqueeze(0) to make one example a batch" : ""),
    );
}

abstract class Convolution<
  N extends Spatial,
  const I extends number,
  const O extends number,
  const P extends Padding,
  const D extends PerAxis,
> extends Module {
  declare readonly "~rule": ConvRule<N, I, O, P, D>;
  readonly inChannels: I;
  readonly outChannels: O;
  readonly kernelSize: PerAxis;
  readonly stride: PerAxis;
  readonly padding: Padding;
  readonly paddingMode: PaddingMode;
  readonly dilation: PerAxis;
  readonly groups: number;
  /** [out, in / groups, window…] */
  weight: Parameter<[O, number, ...Sizes<N>]>;
  /** [out] */
  bias: Parameter<[O]> | null;

  constructor(spatial: N, inChannels: I, outChannels: O, kernelSize: PerAxis, options: ConvOptions) {
    super();
    const { stride = 1, padding = 0, paddingMode = "zeros", dilation = 1, groups = 1 } = options;
    const { bias = true, dtype = "f32" } = options;
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = kernelSize;
    this.stride = stride;
    this.padding = padding;
    this.paddingMode = paddingMode;
    this.dilation = dilation;
    this.groups = groups;
    const layer = `${this}`;
    checkGroups(layer, inChannels, outChannels, groups);
    const window = perAxis(layer, "kernelSize", kernelSize, spatial, 1);
    perAxis(layer, "stride", stride, spatial, 1);
    perAxis(layer, "dilation", dilation, spatial, 1);
    checkPadding(layer, padding, spatial);
    checkPaddingMode(layer, paddingMode);
    const shape = [outChannels, inChannels / groups, ...window] as [O, number, ...Sizes<N>];
    const initial = uniform(1 / Math.sqrt(window.reduce((product, n) => product * n, inChannels / groups)));
    this.weight = drawn(shape, initial, dtype, `${layer}.weight`);
    this.bias = bias ? drawn([outChannels], initial, dtype, `${layer}.bias`) : null;
  }

  forward<S extends Shape>(x: Checked<Result<S, N, I, O, P, D>, Tensor<S>>): Tensor<Ok<Result<S, N, I, O, P, D>>>;
  forward(input: unknown): Tensor {
    const x = input as Tensor;
    const { stride, padding, paddingMode, dilation, groups, weight, bias } = this;
    const spatial = (weight.node.shape.length - 2) as N;
    checkChannels(this, x, this.inChannels, spatial);
    const options = { stride, padding, paddingMode, dilation, groups, bias: bias?.node };
    return fromNode(convolution(spatial, x.node, weight.node, options, `${this}`));
  }

  override toString(): string {
    return `${classNameOf(this)}(${this.inChannels}, ${this.outChannels}, ${JSON.stringify(this.kernelSize)})`;
  }
}

/**
 * Cross-correlation of [n, in, w] with learned kernels: [n, out, w′]. Weights start uniform in ±1/√(in / groups · window), as
 * in PyTorch.
 * @example new nn.Conv1d(1, 32, 5, { padding: "causal" }).forward(signals)
 */
export class Conv1d<
  const I extends number = number,
  const O extends number = number,
  const P extends Padding = 0,
  const D extends PerAxis = 1,
> extends Convolution<1, I, O, P, D> {
  constructor(inChannels: I, outChannels: O, kernelSize: PerAxis, options: ConvOptions<P, D> = {}) {
    super(1, inChannels, outChannels, kernelSize, options);
  }
}

/**
 * Cross-correlation of [n, in, h, w] with learned kernels: [n, out, h′, w′]. Weights start uniform in
 * ±1/√(in / groups · window), as in PyTorch.
 * @example new nn.Conv2d(1, 32, 3, { padding: "same" }).forward(images)
 */
export class Conv2d<
  const I extends number = number,
  const O extends number = number,
  const P extends Padding = 0,
  const D extends PerAxis = 1,
> extends Convolution<2, I, O, P, D> {
  constructor(inChannels: I, outChannels: O, kernelSize: PerAxis, options: ConvOptions<P, D> = {}) {
    super(2, inChannels, outChannels, kernelSize, options);
  }
}

/** Cross-correlation of [n, in, d, h, w] with learned kernels: [n, out, d′, h′, w′]. */
export class Conv3d<
  const I extends number = number,
  const O extends number = number,
  const P extends Padding = 0,
  const D extends PerAxis = 1,
> extends Convolution<3, I, O, P, D> {
  constructor(inChannels: I, outChannels: O, kernelSize: PerAxis, options: ConvOptions<P, D> = {}) {
    super(3, inChannels, outChannels, kernelSize, options);
  }
}
