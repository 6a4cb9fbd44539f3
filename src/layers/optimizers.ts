/** Optimizers by Keras's names and options: descriptions that a compiled model makes its optimizer from, and saves. */
import { knownOptions, type KnownOptions } from "../core/knownOptions.ts";
import type { KerasOptimizerName } from "../optim/keras.ts";
import { described, type Described } from "./described.ts";

/** A rate for each step, as `schedules` describes them. */
export type RateSchedule = Described;

export interface OptimizerSettings {
  /** 0.001 by default, 0.01 for SGD: a number, or a schedule over steps. */
  readonly learningRate?: number | RateSchedule | undefined;
  /** Decoupled; 0.004 by default for AdamW and Muon, none for the others. */
  readonly weightDecay?: number | undefined;
  /** No gradient of one weight has a larger norm. */
  readonly clipnorm?: number | undefined;
  /** No element of a gradient is larger. */
  readonly clipvalue?: number | undefined;
  /** All gradients together have no larger norm. */
  readonly globalClipnorm?: number | undefined;
}

export interface AdamSettings extends OptimizerSettings {
  /** 0.9 by default. */
  readonly beta1?: number | undefined;
  /** 0.999 by default. */
  readonly beta2?: number | undefined;
  /** 1e-7 by default. */
  readonly epsilon?: number | undefined;
}

export interface SgdSettings extends OptimizerSettings {
  /** 0 by default. */
  readonly momentum?: number | undefined;
  /** False by default. */
  readonly nesterov?: boolean | undefined;
}

export interface RmspropSettings extends OptimizerSettings {
  /** 0.9 by default. */
  readonly rho?: number | undefined;
  /** 0 by default. */
  readonly momentum?: number | undefined;
  /** 1e-7 by default. */
  readonly epsilon?: number | undefined;
  /** False by default. */
  readonly centered?: boolean | undefined;
}

/** An optimizer that is not made yet: it is when the model has weights. Its rate is known. */
export interface OptimizerDescription extends Described {
  readonly learningRate: number | RateSchedule | undefined;
}

const make =
  <S extends OptimizerSettings>(className: KerasOptimizerName, known: Omit<KnownOptions<S>, keyof typeof COMMON>) =>
  (settings: S = {} as S): OptimizerDescription => {
    knownOptions(className, settings, { ...COMMON, ...known } as KnownOptions<S>);
    // The rate is shown beside the settings and not stored twice.
    return Object.defineProperty(described(className, settings), "learningRate", {
      value: settings.learningRate,
      enumerable: false,
    }) as OptimizerDescription;
  };

const COMMON: KnownOptions<OptimizerSettings> = {
  learningRate: true,
  weightDecay: true,
  clipnorm: true,
  clipvalue: true,
  globalClipnorm: true,
};

type Make<S extends OptimizerSettings> = (settings?: S) => OptimizerDescription;

export const sgd: Make<SgdSettings> = /* @__PURE__ */ make("sgd", { momentum: true, nesterov: true });
export const rmsprop: Make<RmspropSettings> = /* @__PURE__ */ make("rmsprop", {
  rho: true,
  momentum: true,
  epsilon: true,
  centered: true,
});
/** @example optimizers.adam({ learningRate: 1e-3 }) */
export const adam: Make<AdamSettings & { readonly amsgrad?: boolean | undefined }> = /* @__PURE__ */ make("adam", {
  beta1: true,
  beta2: true,
  epsilon: true,
  amsgrad: true,
});
export const adamw: Make<AdamSettings & { readonly amsgrad?: boolean | undefined }> = /* @__PURE__ */ make("adamw", {
  beta1: true,
  beta2: true,
  epsilon: true,
  amsgrad: true,
});
export const adadelta: Make<OptimizerSettings & { readonly rho?: number; readonly epsilon?: number }> =
  /* @__PURE__ */ make("adadelta", { rho: true, epsilon: true });
export const adagrad: Make<
  OptimizerSettings & { readonly initialAccumulatorValue?: number; readonly epsilon?: number }
> = /* @__PURE__ */ make("adagrad", { initialAccumulatorValue: true, epsilon: true });
export const adamax: Make<AdamSettings> = /* @__PURE__ */ make("adamax", { beta1: true, beta2: true, epsilon: true });
export const nadam: Make<AdamSettings> = /* @__PURE__ */ make("nadam", { beta1: true, beta2: true, epsilon: true });
export const adafactor: Make<OptimizerSettings> = /* @__PURE__ */ make("adafactor", {});
export const lion: Make<Omit<AdamSettings, "epsilon">> = /* @__PURE__ */ make("lion", { beta1: true, beta2: true });
export const lamb: Make<AdamSettings> = /* @__PURE__ */ make("lamb", { beta1: true, beta2: true, epsilon: true });
export const muon: Make<OptimizerSettings> = /* @__PURE__ */ make("muon", {});
