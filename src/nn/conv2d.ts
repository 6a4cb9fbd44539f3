import type { DType } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import type { Parameter } from "../tensor/parameter.ts";
import type { Pair, Tensor } from "../tensor/tensor.ts";
import type { Conv2d as ConvolvedShape } from "../tensor/types/conv.ts";
import type { Checked, Ok } from "../tensor/types/shape.ts";
import { checkSizes } from "./checks.ts";
import { uniform } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { Module } from "./module.ts";
import type { Rule } from "./rules.ts";

export interface Conv2dOptions<P, G, D> {
  /** Step between windows, 1 by default. */
  readonly stride?: D | undefined;
  /** Zeros around the image: a number, [vertical, horizontal], "same" or "valid"; 0 by default. */
  readonly padding?: P | undefined;
  /** Distance between the elements of a window, 1 by default. */
  readonly dilation?: Pair | undefined;
  /** Groups of channels that do not see one another, 1 by default; as many as channels is depthwise. */
  readonly groups?: G | undefined;
  /** Whether a bias is added, true by default. */
  readonly bias?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

type Result<S extends Shape, I extends number, O extends number, P, G, D> = ConvolvedShape<
  S,
  [O, I, number, number],
  P,
  G,
  D
>;

interface ConvRule<I extends number, O extends number, P, G, D> extends Rule {
  readonly r: this["s"] extends infer S extends Shape ? Result<S, I, O, P, G, D> : never;
}

/**
 * Cross-correlation of [n, in, h, w] with learned kernels: [n, out, h′, w′]. Weights start uniform in
 * ±1/√(in / groups · window), as in PyTorch.
 * @example new nn.Conv2d(1, 32, 3, { padding: "same" }).forward(images)
 */
export class Conv2d<
  const I extends number = number,
  const O extends number = number,
  const P extends Pair | "same" | "valid" = 0,
  const G extends number = 1,
  const D extends Pair = 1,
> extends Module {
  declare readonly "~rule": ConvRule<I, O, P, G, D>;
  readonly inChannels: I;
  readonly outChannels: O;
  readonly kernelSize: Pair;
  readonly stride: Pair;
  readonly padding: Pair | "same" | "valid";
  readonly dilation: Pair;
  readonly groups: number;
  /** [out, in / groups, kernel h, kernel w] */
  weight: Parameter<[O, number, number, number]>;
  /** [out] */
  bias: Parameter<[O]> | null;

  constructor(inChannels: I, outChannels: O, kernelSize: Pair, options: Conv2dOptions<P, G, D> = {}) {
    super();
    const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, dtype = "f32" } = options;
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = kernelSize;
    this.stride = stride;
    this.padding = padding;
    this.dilation = dilation;
    this.groups = groups;
    const [height, width] = typeof kernelSize === "number" ? [kernelSize, kernelSize] : kernelSize;
    checkSizes(`${this}`, { inChannels, outChannels, kernelSize: height, "kernelSize[1]": width, groups });
    if (inChannels % groups !== 0 || outChannels % groups !== 0)
      throw new ArgumentError(`${this}: ${inChannels} and ${outChannels} channels do not fall into ${groups} groups`);
    const shape: [O, number, number, number] = [outChannels, inChannels / groups, height, width];
    const initial = uniform(1 / Math.sqrt(shape[1] * height * width));
    this.weight = drawn(shape, initial, dtype, `${this}.weight`);
    this.bias = bias ? drawn([outChannels], initial, dtype, `${this}.bias`) : null;
  }

  forward<S extends Shape>(x: Checked<Result<S, I, O, P, G, D>, Tensor<S>>): Tensor<Ok<Result<S, I, O, P, G, D>>>;
  forward(x: Tensor): Tensor {
    const { stride, padding, dilation, groups, weight, bias } = this;
    if (x.rank !== 4 || x.shape[1] !== this.inChannels)
      throw new ShapeError(`${this}: the input must be [n, ${this.inChannels}, h, w], got ${show(x.shape)}`);
    const options = { stride, padding, dilation, groups };
    return x.conv2d(weight as Tensor, bias ? { ...options, bias } : options);
  }

  override toString(): string {
    return `Conv2d(${this.inChannels}, ${this.outChannels}, ${JSON.stringify(this.kernelSize)})`;
  }
}
