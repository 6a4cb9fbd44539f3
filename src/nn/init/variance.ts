/** Initial values that keep the size of activations, or of gradients, from layer to layer. */
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { show, type Shape } from "../../core/shape.ts";
import { normal, uniform, type Initializer } from "./distributions.ts";

/** Inputs and outputs that each unit of a weight [out, in, …] is connected to. Throws ShapeError below two axes. */
export function fans(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  const [outputs, inputs, ...window] = shape;
  if (outputs === undefined || inputs === undefined)
    throw new ShapeError(`init: fan in and fan out need a weight [out, in, …], got ${show(shape)}`);
  const reach = window.reduce((product, size) => product * size, 1);
  return { fanIn: inputs * reach, fanOut: outputs * reach };
}

/** Activations with a known gain. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu" | "selu";

/** How much a weight must be scaled up for what the activation takes away; PyTorch's values. */
export function gainOf(nonlinearity: Nonlinearity, slope: number = 0.01): number {
  switch (nonlinearity) {
    case "linear":
    case "sigmoid":
      return 1;
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.SQRT2;
    case "leakyRelu":
      return Math.sqrt(2 / (1 + slope ** 2));
    case "selu":
      return 3 / 4;
    default:
      throw new ArgumentError(`init: no gain is known for "${nonlinearity as string}"`);
  }
}

export interface XavierOptions {
  /** 1 by default; see `gainOf`. */
  readonly gain?: number | undefined;
}

const xavierDeviation = (shape: Shape, gain: number): number => {
  const { fanIn, fanOut } = fans(shape);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
};

/** Uniform with variance 2 / (fan in + fan out): Glorot and Bengio 2010. */
export function xavierUniform({ gain = 1 }: XavierOptions = {}): Initializer {
  return (shape, random) => uniform(Math.sqrt(3) * xavierDeviation(shape, gain))(shape, random);
}

/** Normal with variance 2 / (fan in + fan out). */
export function xavierNormal({ gain = 1 }: XavierOptions = {}): Initializer {
  return (shape, random) => normal(0, xavierDeviation(shape, gain))(shape, random);
}

export interface KaimingOptions {
  /** "fanIn" (the default) keeps activations, "fanOut" gradients. */
  readonly mode?: "fanIn" | "fanOut" | undefined;
  /** What follows the layer, "relu" by default. */
  readonly nonlinearity?: Nonlinearity | undefined;
  /** Slope of a leaky ReLU. */
  readonly slope?: number | undefined;
}

const kaimingDeviation = (shape: Shape, { mode = "fanIn", nonlinearity = "relu", slope }: KaimingOptions): number =>
  gainOf(nonlinearity, slope) / Math.sqrt(fans(shape)[mode]);

/** Uniform with variance gain² / fan: He et al. 2015. */
export function kaimingUniform(options: KaimingOptions = {}): Initializer {
  return (shape, random) => uniform(Math.sqrt(3) * kaimingDeviation(shape, options))(shape, random);
}

/** Normal with variance gain² / fan. */
export function kaimingNormal(options: KaimingOptions = {}): Initializer {
  return (shape, random) => normal(0, kaimingDeviation(shape, options))(shape, random);
}
