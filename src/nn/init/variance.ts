/** Initial values that keep the size of activations, or of gradients, from layer to layer. */
import { ArgumentError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { normal, refuseTensor, truncatedNormal, uniform, type Initializer } from "./distributions.ts";
import { fans, type WeightLayout } from "./fans.ts";

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

export interface XavierOptions extends WeightLayout {
  /** 1 by default; see `gainOf`. */
  readonly gain?: number | undefined;
}

const xavierDeviation = (shape: Shape, { gain = 1, ...layout }: XavierOptions): number => {
  const { fanIn, fanOut } = fans(shape, layout);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
};

/** Uniform with variance 2 / (fan in + fan out): Glorot and Bengio 2010. */
export function xavierUniform(options: XavierOptions = {}): Initializer {
  refuseTensor("xavierUniform", options);
  return (shape, random) => uniform(Math.sqrt(3) * xavierDeviation(shape, options))(shape, random);
}

/** Normal with variance 2 / (fan in + fan out). */
export function xavierNormal(options: XavierOptions = {}): Initializer {
  refuseTensor("xavierNormal", options);
  return (shape, random) => normal(0, xavierDeviation(shape, options))(shape, random);
}

export interface KaimingOptions extends WeightLayout {
  /** "fanIn" (the default) keeps activations, "fanOut" gradients. */
  readonly mode?: "fanIn" | "fanOut" | undefined;
  /** What follows the layer, "relu" by default. */
  readonly nonlinearity?: Nonlinearity | undefined;
  /** Slope of a leaky ReLU. */
  readonly slope?: number | undefined;
}

const kaimingDeviation = (
  shape: Shape,
  { mode = "fanIn", nonlinearity = "relu", slope, ...layout }: KaimingOptions,
): number => gainOf(nonlinearity, slope) / Math.sqrt(fans(shape, layout)[mode]);

/** Uniform with variance gain² / fan: He et al. 2015. */
export function kaimingUniform(options: KaimingOptions = {}): Initializer {
  refuseTensor("kaimingUniform", options);
  return (shape, random) => uniform(Math.sqrt(3) * kaimingDeviation(shape, options))(shape, random);
}

/** Normal with variance gain² / fan. */
export function kaimingNormal(options: KaimingOptions = {}): Initializer {
  refuseTensor("kaimingNormal", options);
  return (shape, random) => normal(0, kaimingDeviation(shape, options))(shape, random);
}

/** Uniform with variance 1 / fan in: LeCun et al. 1998, for SELU among others. */
export function lecunUniform(layout: WeightLayout = {}): Initializer {
  refuseTensor("lecunUniform", layout);
  return kaimingUniform({ nonlinearity: "linear", ...layout });
}

/** Normal with variance 1 / fan in. */
export function lecunNormal(layout: WeightLayout = {}): Initializer {
  refuseTensor("lecunNormal", layout);
  return kaimingNormal({ nonlinearity: "linear", ...layout });
}

export interface VarianceScalingOptions extends WeightLayout {
  /** The variance times the fan, 1 by default. */
  readonly scale?: number | undefined;
  /** "fanIn" by default; "fanAvg" is the mean of both. */
  readonly mode?: "fanIn" | "fanOut" | "fanAvg" | undefined;
  /** "truncatedNormal" by default. */
  readonly distribution?: "truncatedNormal" | "untruncatedNormal" | "uniform" | undefined;
}

/** The standard deviation of a standard normal that is cut at ±2. */
const CUT_DEVIATION = 0.8796256610342398;

/** Keras's VarianceScaling, which its he_normal, glorot_uniform and so on are settings of: variance scale / fan. */
export function varianceScaling(options: VarianceScalingOptions = {}): Initializer {
  refuseTensor("varianceScaling", options);
  const { scale = 1, mode = "fanIn", distribution = "truncatedNormal", ...layout } = options;
  if (!(scale > 0)) throw new ArgumentError(`init.varianceScaling: scale must be above 0, got ${scale}`);
  if (!["fanIn", "fanOut", "fanAvg"].includes(mode))
    throw new ArgumentError(`init.varianceScaling: mode must be "fanIn", "fanOut" or "fanAvg", got "${mode}"`);
  if (!["truncatedNormal", "untruncatedNormal", "uniform"].includes(distribution))
    throw new ArgumentError(
      `init.varianceScaling: distribution must be "truncatedNormal", "untruncatedNormal" or "uniform", got "${distribution}"`,
    );
  return (shape, random) => {
    const { fanIn, fanOut } = fans(shape, layout);
    const fan = { fanIn, fanOut, fanAvg: (fanIn + fanOut) / 2 }[mode];
    const deviation = Math.sqrt(scale / Math.max(1, fan));
    const drawn = {
      truncatedNormal: () => truncatedNormal(0, deviation / CUT_DEVIATION),
      untruncatedNormal: () => normal(0, deviation),
      uniform: () => uniform(Math.sqrt(3) * deviation),
    }[distribution]();
    return drawn(shape, random);
  };
}
