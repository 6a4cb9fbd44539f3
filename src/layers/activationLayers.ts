/** Activations as layers, and layers made of a function. */
import { ArgumentError } from "../core/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { activationFor, type ActivationLike } from "./activations.ts";
import type { InitializerLike } from "./initializers.ts";
import { Layer, type CallOptions, type LayerOptions } from "./layer.ts";
import type { ConstraintLike, RegularizerLike } from "./penalties.ts";
import { sizeAt, type KerasShape, type Nest } from "./symbolic.ts";

/** A layer without weights that lets masks through. */
abstract class Plain<O extends LayerOptions> extends Layer<O> {
  override get supportsMasking(): boolean {
    return true;
  }
}

export interface ActivationOptions extends LayerOptions {
  readonly activation: ActivationLike;
}

export class Activation extends Plain<ActivationOptions> {
  static override readonly className: string = "Activation";
  readonly #call: (x: Tensor) => Tensor;

  constructor(options: ActivationOptions) {
    super(options);
    this.#call = activationFor(options.activation);
  }

  call(x: Tensor): Tensor {
    return this.#call(x);
  }
}

/** An activation by name. @example layers.activation({ activation: "relu" }) */
export function activation(options: ActivationOptions): Activation {
  return new Activation(options);
}

export interface ReluOptions extends LayerOptions {
  /** What larger values become; none by default. */
  readonly maxValue?: number | null | undefined;
  /** Below the threshold, 0 by default. */
  readonly negativeSlope?: number | undefined;
  /** 0 by default. */
  readonly threshold?: number | undefined;
}

export class ReLU extends Plain<ReluOptions> {
  static override readonly className: string = "ReLU";

  call(x: Tensor): Tensor {
    const { maxValue, negativeSlope = 0, threshold = 0 } = this.options;
    if (!threshold && !negativeSlope && maxValue == null) return x.relu();
    const upper = maxValue == null ? x : x.minimum(maxValue);
    const lower = x.sub(threshold).mul(negativeSlope);
    return upper.where(x.ge(threshold), lower);
  }
}

/** x above a threshold, `negativeSlope` times what is below it, `maxValue` at most. */
export function reLU(options: ReluOptions = {}): ReLU {
  return new ReLU(options);
}

export interface LeakyReluOptions extends LayerOptions {
  /** 0.3 by default. */
  readonly negativeSlope?: number | undefined;
  /** What tfjs and Keras 2 call it. */
  readonly alpha?: number | undefined;
}

export class LeakyReLU extends Plain<LeakyReluOptions> {
  static override readonly className: string = "LeakyReLU";

  call(x: Tensor): Tensor {
    return x.leakyRelu(this.options.negativeSlope ?? this.options.alpha ?? 0.3);
  }
}

/** x above 0, `negativeSlope` · x below. */
export function leakyReLU(options: LeakyReluOptions = {}): LeakyReLU {
  return new LeakyReLU(options);
}

export interface EluOptions extends LayerOptions {
  /** 1 by default. */
  readonly alpha?: number | undefined;
}

export class ELU extends Plain<EluOptions> {
  static override readonly className: string = "ELU";

  call(x: Tensor): Tensor {
    return x.elu(this.options.alpha ?? 1);
  }
}

/** x above 0, alpha · (eˣ − 1) below. */
export function elu(options: EluOptions = {}): ELU {
  return new ELU(options);
}

export interface ThresholdedReluOptions extends LayerOptions {
  /** 1 by default. */
  readonly theta?: number | undefined;
}

export class ThresholdedReLU extends Plain<ThresholdedReluOptions> {
  static override readonly className: string = "ThresholdedReLU";

  call(x: Tensor): Tensor {
    return x.mul(x.gt(this.options.theta ?? 1).cast(x.dtype));
  }
}

/** x above theta, 0 elsewhere. */
export function thresholdedReLU(options: ThresholdedReluOptions = {}): ThresholdedReLU {
  return new ThresholdedReLU(options);
}

export interface SoftmaxOptions extends LayerOptions {
  /** The last by default. */
  readonly axis?: number | undefined;
}

export class Softmax extends Plain<SoftmaxOptions> {
  static override readonly className: string = "Softmax";

  call(x: Tensor): Tensor {
    return x.softmax(this.options.axis ?? -1);
  }
}

/** Shares that add up to 1 along an axis. */
export function softmax(options: SoftmaxOptions = {}): Softmax {
  return new Softmax(options);
}

export interface PreluOptions extends LayerOptions {
  /** "zeros" by default. */
  readonly alphaInitializer?: InitializerLike | undefined;
  readonly alphaRegularizer?: RegularizerLike | null | undefined;
  readonly alphaConstraint?: ConstraintLike | null | undefined;
  /** Axes along which the slopes are the same, the batch being axis 0: [1, 2] for images; none by default. */
  readonly sharedAxes?: readonly number[] | null | undefined;
}

/** Weights: alpha, in the shape of an example, 1 along shared axes. */
export class PReLU extends Plain<PreluOptions> {
  static override readonly className: string = "PReLU";

  override build(inputShape: KerasShape): void {
    const { alphaInitializer = "zeros", alphaRegularizer, alphaConstraint, sharedAxes } = this.options;
    const sizes = inputShape.map((_, axis) =>
      sharedAxes?.includes(axis) ? 1 : axis && sizeAt(this, inputShape, axis),
    );
    this.addWeight("alpha", sizes.slice(1), {
      initializer: alphaInitializer,
      regularizer: alphaRegularizer,
      constraint: alphaConstraint,
    });
  }

  call(x: Tensor): Tensor {
    return x.relu().sub(x.neg().relu().mul(this.weight("alpha")));
  }
}

/** x above 0, a learned slope times x below. */
export function prelu(options: PreluOptions = {}): PReLU {
  return new PReLU(options);
}

export class Identity extends Plain<LayerOptions> {
  static override readonly className: string = "Identity";

  call(x: Tensor): Tensor {
    return x;
  }
}

/** Its input. */
export function identity(options: LayerOptions = {}): Identity {
  return new Identity(options);
}

export interface ActivityRegularizationOptions extends LayerOptions {
  readonly l1?: number | undefined;
  readonly l2?: number | undefined;
}

export class ActivityRegularization extends Plain<ActivityRegularizationOptions> {
  static override readonly className: string = "ActivityRegularization";

  protected override get activityRegularizer(): RegularizerLike {
    const { l1 = 0, l2 = 0 } = this.options;
    return { className: "L1L2", config: { l1, l2 } };
  }

  call(x: Tensor): Tensor {
    return x;
  }
}

/** Its input; what it adds to the loss is a penalty on that, divided by the batch. */
export function activityRegularization(options: ActivityRegularizationOptions = {}): ActivityRegularization {
  return new ActivityRegularization(options);
}

export interface LambdaOptions extends LayerOptions {
  /** Of one tensor, or of a list where there are several. A model with it can be run and copied, and not saved. */
  readonly function: (inputs: never, options: CallOptions) => Nest<Tensor>;
}

export class Lambda extends Plain<LambdaOptions> {
  static override readonly className: string = "Lambda";

  constructor(options: LambdaOptions) {
    super(options);
    if (typeof options.function !== "function")
      throw new ArgumentError(`${this}: wants a function, as in layers.lambda({ function: (x) => x.square() })`);
  }

  call(inputs: Nest<Tensor>, options: CallOptions): Nest<Tensor> {
    return this.options.function(inputs as never, options);
  }
}

/** A function as a layer. @example layers.lambda({ function: (x: Tensor) => x.square() }) */
export function lambda(options: LambdaOptions): Lambda {
  return new Lambda(options);
}
