/** Initial values by Keras's names: descriptions that layers save with their options. */
import { HostRandom } from "../core/random.ts";
import { constant as filled, normal, truncatedNormal as truncated, uniform } from "../nn/init/distributions.ts";
import type { Initializer } from "../nn/init/distributions.ts";
import { eye, orthogonal as orthonormal } from "../nn/init/matrices.ts";
import { varianceScaling as scaled, type VarianceScalingOptions } from "../nn/init/variance.ts";
import { described, isDescribed, lookUp, type Camel, type Described } from "./described.ts";

/** Decides what is drawn, whatever else was drawn before; by default the global seed does. */
export interface Seeded {
  readonly seed?: number | undefined;
}

interface Deviating extends Seeded {
  /** 0 by default. */
  readonly mean?: number | undefined;
  /** 0.05 by default. */
  readonly stddev?: number | undefined;
}

interface Ranging extends Seeded {
  /** −0.05 by default. */
  readonly minval?: number | undefined;
  /** 0.05 by default. */
  readonly maxval?: number | undefined;
}

interface Gaining extends Seeded {
  /** 1 by default. */
  readonly gain?: number | undefined;
}

interface Scaling extends Seeded, Pick<VarianceScalingOptions, "scale" | "mode" | "distribution"> {}

interface Settings extends Deviating, Ranging, Gaining, Omit<Scaling, "seed"> {
  readonly value?: number | undefined;
}

const scaling = (options: VarianceScalingOptions) => (): Initializer => scaled(options);

const MAKERS = {
  Zeros: (): Initializer => filled(0),
  Ones: (): Initializer => filled(1),
  Constant: ({ value = 0 }: Settings): Initializer => filled(value),
  RandomNormal: ({ mean = 0, stddev = 0.05 }: Settings): Initializer => normal(mean, stddev),
  RandomUniform: ({ minval = -0.05, maxval = 0.05 }: Settings): Initializer => uniform(minval, maxval),
  TruncatedNormal: ({ mean = 0, stddev = 0.05 }: Settings): Initializer => truncated(mean, stddev),
  VarianceScaling: ({ scale, mode, distribution }: Settings): Initializer => scaled({ scale, mode, distribution }),
  GlorotUniform: scaling({ mode: "fanAvg", distribution: "uniform" }),
  GlorotNormal: scaling({ mode: "fanAvg" }),
  HeUniform: scaling({ scale: 2, distribution: "uniform" }),
  HeNormal: scaling({ scale: 2 }),
  LeCunUniform: scaling({ distribution: "uniform" }),
  LeCunNormal: scaling({}),
  Orthogonal: ({ gain }: Settings): Initializer => orthonormal({ gain }),
  Identity: ({ gain }: Settings): Initializer => eye({ gain }),
  // What Keras calls them in short.
  Normal: ({ mean = 0, stddev = 0.05 }: Settings): Initializer => normal(mean, stddev),
  Uniform: ({ minval = -0.05, maxval = 0.05 }: Settings): Initializer => uniform(minval, maxval),
} satisfies Record<string, (settings: Settings) => Initializer>;

type ClassName = keyof typeof MAKERS;

/** Names as in Keras, `glorot_uniform`, or as in tfjs, `glorotUniform`. */
export type InitializerName =
  | "constant"
  | "normal"
  | "uniform"
  | Spelled<
      | "zeros"
      | "ones"
      | "random_normal"
      | "random_uniform"
      | "truncated_normal"
      | "variance_scaling"
      | "glorot_uniform"
      | "glorot_normal"
      | "he_uniform"
      | "he_normal"
      | "lecun_uniform"
      | "lecun_normal"
      | "orthogonal"
      | "identity"
    >;
type Spelled<S extends string> = S | Camel<S>;

/**
 * What gives a weight its first values: a name, a description such as `initializers.constant({ value: 1 })`, or one of `nn.init`, which reads
 * the kernel as [out, in, …window].
 */
export type InitializerLike = InitializerName | Described | Initializer;

/** The initializer that is meant. Throws ArgumentError for a name that none has. */
export function initializerOf(given: InitializerLike): Initializer {
  if (typeof given === "function") return given;
  const { className, config } = isDescribed(given) ? given : { className: given, config: {} };
  const make = lookUp<(settings: Settings) => Initializer>("initializer", MAKERS, className);
  const settings = config as Settings;
  const initializer = make(settings);
  const { seed } = settings;
  return seed === undefined ? initializer : (shape) => initializer(shape, new HostRandom(seed));
}

const make =
  <O extends object>(className: ClassName) =>
  (options?: O): Described =>
    described(className, options);

export const zeros: () => Described = /* @__PURE__ */ make("Zeros");
export const ones: () => Described = /* @__PURE__ */ make("Ones");
export const constant: (options: { readonly value: number }) => Described = /* @__PURE__ */ make("Constant");
/** Normal numbers, standard deviation 0.05 by default. */
export const randomNormal: (options?: Deviating) => Described = /* @__PURE__ */ make("RandomNormal");
/** Uniform numbers in ±0.05 by default. */
export const randomUniform: (options?: Ranging) => Described = /* @__PURE__ */ make("RandomUniform");
/** Normal numbers within two standard deviations, 0.05 by default. */
export const truncatedNormal: (options?: Deviating) => Described = /* @__PURE__ */ make("TruncatedNormal");
/** Variance scale / fan; see `nn.init.varianceScaling`. */
export const varianceScaling: (options?: Scaling) => Described = /* @__PURE__ */ make("VarianceScaling");
export const glorotUniform: (options?: Seeded) => Described = /* @__PURE__ */ make("GlorotUniform");
export const glorotNormal: (options?: Seeded) => Described = /* @__PURE__ */ make("GlorotNormal");
export const heUniform: (options?: Seeded) => Described = /* @__PURE__ */ make("HeUniform");
export const heNormal: (options?: Seeded) => Described = /* @__PURE__ */ make("HeNormal");
export const leCunUniform: (options?: Seeded) => Described = /* @__PURE__ */ make("LeCunUniform");
export const leCunNormal: (options?: Seeded) => Described = /* @__PURE__ */ make("LeCunNormal");
/** Orthonormal rows or columns. */
export const orthogonal: (options?: Gaining) => Described = /* @__PURE__ */ make("Orthogonal");
export const identity: (options?: Gaining) => Described = (options) =>
  // Small, because a layer is called Identity.
  described("identity", options);
