/** Transposed convolutions: the maps that carry gradients through a convolution, as layers that make things larger. */
import { classNameOf } from "../core/className.ts";
import type { DType } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import { transposedConvolution } from "../tensor/functional/convolution.ts";
import { perAxis, reachOf, type PerAxis } from "../tensor/functional/windows.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import type { Checked, Ok } from "../tensor/types/shape.ts";
import { checkChannels, checkGroups } from "./conv.ts";
import { uniform } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { Module } from "./module.ts";
import type { Convolved, Rule, Sizes, Spatial } from "./rules.ts";

export interface ConvTransposeOptions {
  /** Of the convolution that this is the transpose of: how many times as large the result is. 1 by default. */
  readonly stride?: PerAxis | undefined;
  /** Of that convolution: cut from the result on both sides. 0 by default. */
  readonly padding?: PerAxis | undefined;
  /** Added to the end of each axis of the result, 0 by default; smaller than the stride or the dilation. */
  readonly outputPadding?: PerAxis | undefined;
  /** Distance between the elements of a window, 1 by default. */
  readonly dilation?: PerAxis | undefined;
  /** Groups of channels that do not see one another, 1 by default. */
  readonly groups?: number | undefined;
  /** Whether a bias is added, true by default. */
  readonly bias?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

type Result<S extends Shape, N extends Spatial, I extends number, O extends number> = Convolved<
  S,
  N,
  I,
  O,
  false,
  `ConvTranspose${N}d(${I}, ${O})`
>;
interface TransposedRule<N extends Spatial, I extends number, O extends number> extends Rule {
  readonly r: this["s"] extends infer S extends Shape ? Result<S, N, I, O> : never;
}

abstract class TransposedConvolution<N extends Spatial, const I extends number, const O extends number> extends Module {
  declare readonly "~rule": TransposedRule<N, I, O>;
  readonly inChannels: I;
  readonly outChannels: O;
  readonly kernelSize: PerAxis;
  readonly stride: PerAxis;
  readonly padding: PerAxis;
  readonly outputPadding: PerAxis;
  readonly dilation: PerAxis;
  readonly groups: number;
  /** [in, out / groups, window…] */
  weight: Parameter<[I, number, ...Sizes<N>]>;
  /** [out] */
  bias: Parameter<[O]> | null;

  constructor(spatial: N, inChannels: I, outChannels: O, kernelSize: PerAxis, options: ConvTransposeOptions) {
    super();
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1 } = options;
    const { bias = true, dtype = "f32" } = options;
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = kernelSize;
    this.stride = stride;
    this.padding = padding;
    this.outputPadding = outputPadding;
    this.dilation = dilation;
    this.groups = groups;
    const layer = `${this}`;
    checkGroups(layer, inChannels, outChannels, groups);
    const window = perAxis(layer, "kernelSize", kernelSize, spatial, 1);
    const steps = perAxis(layer, "stride", stride, spatial, 1);
    const apart = perAxis(layer, "dilation", dilation, spatial, 1);
    perAxis(layer, "padding", padding, spatial, 0);
    perAxis(layer, "outputPadding", outputPadding, spatial, 0).forEach((width, i) => {
      if (width >= Math.max(steps[i]!, apart[i]!))
        throw new ArgumentError(
          `${layer}: outputPadding ${width} must be smaller than the stride ${steps[i]} or the dilation ${apart[i]}`,
        );
    });
    const shape = [inChannels, outChannels / groups, ...window] as [I, number, ...Sizes<N>];
    // As in PyTorch, which takes the second axis for the inputs here too.
    const initial = uniform(1 / Math.sqrt(window.reduce((product, n) => product * n, outChannels / groups)));
    this.weight = drawn(shape, initial, dtype, `${layer}.weight`);
    this.bias = bias ? drawn([outChannels], initial, dtype, `${layer}.bias`) : null;
  }

  /** @param outputSize spatial sizes of the result: they choose `outputPadding` for this call. */
  forward<S extends Shape>(
    x: Checked<Result<S, N, I, O>, Tensor<S>>,
    outputSize?: readonly number[],
  ): Tensor<Ok<Result<S, N, I, O>>>;
  forward(input: unknown, outputSize?: readonly number[]): Tensor {
    const x = input as Tensor;
    const { stride, padding, dilation, groups, weight, bias } = this;
    const spatial = (weight.node.shape.length - 2) as N;
    checkChannels(this, x, this.inChannels, spatial);
    const outputPadding = outputSize ? this.#missing(x, outputSize, spatial) : this.outputPadding;
    const options = { stride, padding, outputPadding, dilation, groups, bias: bias?.node };
    return fromNode(transposedConvolution(spatial, x.node, weight.node, options, `${this}`));
  }

  #missing(x: Tensor, outputSize: readonly number[], spatial: Spatial): number[] {
    const each = (value: PerAxis): number[] => perAxis(`${this}`, "option", value, spatial, 0);
    const [window, steps, around, apart] = [this.kernelSize, this.stride, this.padding, this.dilation].map(each);
    const least = steps!.map(
      (step, i) => (x.node.shape[2 + i]! - 1) * step - 2 * around![i]! + reachOf(window![i]!, apart![i]!),
    );
    const missing = least.map((length, i) => (outputSize[i] ?? -1) - length);
    if (outputSize.length !== spatial || missing.some((n, i) => n < 0 || n >= steps![i]!))
      throw new ArgumentError(
        `${this}: outputSize must be ${show(least)} and less than ${show(steps!)} more, got ${show(outputSize)}`,
      );
    return missing;
  }

  override toString(): string {
    return `${classNameOf(this)}(${this.inChannels}, ${this.outChannels}, ${JSON.stringify(this.kernelSize)})`;
  }
}

/** The transpose of `Conv1d` with the same options: [n, in, w] → [n, out, (w − 1) · stride − 2 · padding + window]. */
export class ConvTranspose1d<
  const I extends number = number,
  const O extends number = number,
> extends TransposedConvolution<1, I, O> {
  constructor(inChannels: I, outChannels: O, kernelSize: PerAxis, options: ConvTransposeOptions = {}) {
    super(1, inChannels, outChannels, kernelSize, options);
  }
}

/**
 * The transpose of `Conv2d` with the same options.
 * @example new nn.ConvTranspose2d(64, 32, 4, { stride: 2, padding: 1 }).forward(features) // twice as high and wide
 */
export class ConvTranspose2d<
  const I extends number = number,
  const O extends number = number,
> extends TransposedConvolution<2, I, O> {
  constructor(inChannels: I, outChannels: O, kernelSize: PerAxis, options: ConvTransposeOptions = {}) {
    super(2, inChannels, outChannels, kernelSize, options);
  }
}

/** The transpose of `Conv3d` with the same options. */
export class ConvTranspose3d<
  const I extends number = number,
  const O extends number = number,
> extends TransposedConvolution<3, I, O> {
  constructor(inChannels: I, outChannels: O, kernelSize: PerAxis, options: ConvTransposeOptions = {}) {
    super(3, inChannels, outChannels, kernelSize, options);
  }
}
