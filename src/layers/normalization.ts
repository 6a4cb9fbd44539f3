/** Values brought to mean 0 and variance 1, over the batch or for each example. */
import { ArgumentError } from "../core/errors.ts";
import { normalizeAxis } from "../core/shape.ts";
import { BatchNorm1d, BatchNorm2d, BatchNorm3d } from "../nn/batchNorm.ts";
import { GroupNorm } from "../nn/groupNorm.ts";
import { LayerNorm, RMSNorm } from "../nn/layerNorm.ts";
import { moveAxis } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { InitializerLike } from "./initializers.ts";
import { Layer, type CallOptions, type LayerOptions } from "./layer.ts";
import type { ConstraintLike, RegularizerLike } from "./penalties.ts";
import { sizeAt, type KerasShape } from "./symbolic.ts";

/** Options of norms that scale and shift. */
export interface ScaledOptions extends LayerOptions {
  /** Added to the variance, 1e-3 by default. */
  readonly epsilon?: number | undefined;
  /** Whether a shift, beta, is added: true by default. */
  readonly center?: boolean | undefined;
  /** Whether a scale, gamma, multiplies: true by default. */
  readonly scale?: boolean | undefined;
  /** "zeros" by default. */
  readonly betaInitializer?: InitializerLike | undefined;
  /** "ones" by default. */
  readonly gammaInitializer?: InitializerLike | undefined;
  readonly betaRegularizer?: RegularizerLike | null | undefined;
  readonly gammaRegularizer?: RegularizerLike | null | undefined;
  readonly betaConstraint?: ConstraintLike | null | undefined;
  readonly gammaConstraint?: ConstraintLike | null | undefined;
}

abstract class Norm<O extends ScaledOptions> extends Layer<O> {
  override get supportsMasking(): boolean {
    return true;
  }

  /** Makes scale and shift of a norm those of the layer, or takes them away. */
  protected holdScale(norm: BatchNorm1d | LayerNorm | GroupNorm): void {
    const o: ScaledOptions = this.options;
    if (o.scale === false) norm.weight = null;
    else
      this.hold("gamma", norm.weight!, {
        initializer: o.gammaInitializer ?? "ones",
        regularizer: o.gammaRegularizer,
        constraint: o.gammaConstraint,
      });
    if (o.center === false) norm.bias = null;
    else
      this.hold("beta", norm.bias!, {
        initializer: o.betaInitializer ?? "zeros",
        regularizer: o.betaRegularizer,
        constraint: o.betaConstraint,
      });
  }
}

export interface BatchNormalizationOptions extends ScaledOptions {
  /** The axis of the features, the last by default. */
  readonly axis?: number | undefined;
  /** How much of the running statistics a batch leaves as it is, 0.99 by default. (PyTorch's momentum is 1 less this.) */
  readonly momentum?: number | undefined;
  /** "zeros" by default. */
  readonly movingMeanInitializer?: InitializerLike | undefined;
  /** "ones" by default. */
  readonly movingVarianceInitializer?: InitializerLike | undefined;
}

/**
 * Weights: gamma, beta, moving_mean and moving_variance, each [features]. The last two are no trained ones. Frozen, the layer behaves as in
 * inference.
 */
export class BatchNormalization extends Norm<BatchNormalizationOptions> {
  static override readonly className: string = "BatchNormalization";
  norm!: BatchNorm1d | BatchNorm2d | BatchNorm3d;

  override build(inputShape: KerasShape): void {
    const {
      axis = -1,
      momentum = 0.99,
      epsilon = 1e-3,
      movingMeanInitializer,
      movingVarianceInitializer,
    } = this.options;
    const Class = { 2: BatchNorm1d, 3: BatchNorm1d, 4: BatchNorm2d, 5: BatchNorm3d }[inputShape.length];
    if (!Class) throw new ArgumentError(`${this}: inputs must have 2 to 5 axes, got ${inputShape.length}`);
    const options = { eps: epsilon, momentum: 1 - momentum, unbiased: false, dtype: this.dtype };
    const norm = new Class(sizeAt(this, inputShape, axis), options);
    this.norm = norm;
    this.holdScale(norm);
    this.hold("moving_mean", norm.running!.mean, { initializer: movingMeanInitializer ?? "zeros" });
    this.hold("moving_variance", norm.running!.variance, { initializer: movingVarianceInitializer ?? "ones" });
  }

  call(x: Tensor, { training = false }: CallOptions): Tensor {
    const { axis = -1 } = this.options;
    const { norm } = this;
    norm.training = training && this.trainable;
    const result = norm.forward(moveAxis(x, axis, 1));
    norm.training = this.training;
    return moveAxis(result, 1, axis);
  }
}

/** Every feature brought to mean 0 and variance 1 over the batch, then scaled and shifted; in inference by running statistics. */
export function batchNormalization(options: BatchNormalizationOptions = {}): BatchNormalization {
  return new BatchNormalization(options);
}

export interface LayerNormalizationOptions extends ScaledOptions {
  /** The axes to normalise over, the last by default. */
  readonly axis?: number | readonly number[] | undefined;
}

/** Axes brought to the end, in order, and the way back. */
class LastAxes {
  readonly #axes: readonly number[];
  readonly #rank: number;

  constructor(layer: object, axis: number | readonly number[], inputShape: KerasShape) {
    const shape = inputShape.map((size) => size ?? 1);
    this.#axes = [axis].flat().map((one) => normalizeAxis(`${layer}`, one, shape));
    this.#rank = inputShape.length;
  }

  sizes(layer: object, inputShape: KerasShape): number[] {
    return this.#axes.map((axis) => sizeAt(layer, inputShape, axis));
  }

  around(x: Tensor, norm: (x: Tensor) => Tensor): Tensor {
    const others = Array.from({ length: this.#rank }, (_, axis) => axis).filter((axis) => !this.#axes.includes(axis));
    const order = [...others, ...this.#axes];
    if (order.every((axis, i) => axis === i)) return norm(x);
    const back = order.map((_, axis) => order.indexOf(axis));
    return norm(x.permute(order)).permute(back);
  }
}

/** Weights: gamma and beta, in the sizes of the axes. */
export class LayerNormalization extends Norm<LayerNormalizationOptions> {
  static override readonly className: string = "LayerNormalization";
  norm!: LayerNorm;
  #axes!: LastAxes;

  override build(inputShape: KerasShape): void {
    this.#axes = new LastAxes(this, this.options.axis ?? -1, inputShape);
    const norm = new LayerNorm(this.#axes.sizes(this, inputShape), {
      eps: this.options.epsilon ?? 1e-3,
      dtype: this.dtype,
    });
    this.norm = norm as LayerNorm;
    this.holdScale(norm);
  }

  call(x: Tensor): Tensor {
    return this.#axes.around(x, (value) => this.norm.forward(value));
  }
}

/** Each example brought to mean 0 and variance 1 over its last axis, then scaled and shifted. */
export function layerNormalization(options: LayerNormalizationOptions = {}): LayerNormalization {
  return new LayerNormalization(options);
}

export interface GroupNormalizationOptions extends ScaledOptions {
  /** 32 by default; −1 is one for each channel, which is an instance norm. */
  readonly groups?: number | undefined;
  /** The axis of the channels, the last by default. */
  readonly axis?: number | undefined;
}

/** Weights: gamma and beta, each [channels]. */
export class GroupNormalization extends Norm<GroupNormalizationOptions> {
  static override readonly className: string = "GroupNormalization";
  norm!: GroupNorm;

  override build(inputShape: KerasShape): void {
    const { groups = 32, axis = -1, epsilon = 1e-3 } = this.options;
    const channels = sizeAt(this, inputShape, axis);
    this.norm = new GroupNorm(groups === -1 ? channels : groups, channels, { eps: epsilon, dtype: this.dtype });
    this.holdScale(this.norm);
  }

  call(x: Tensor): Tensor {
    const { axis = -1 } = this.options;
    return moveAxis(this.norm.forward(moveAxis(x, axis, 1)), 1, axis);
  }
}

/** Groups of channels of each example brought to mean 0 and variance 1. */
export function groupNormalization(options: GroupNormalizationOptions = {}): GroupNormalization {
  return new GroupNormalization(options);
}

export interface RmsNormalizationOptions extends LayerOptions {
  /** The axes to normalise over, the last by default. */
  readonly axis?: number | readonly number[] | undefined;
  /** Added to the mean square, 1e-6 by default. */
  readonly epsilon?: number | undefined;
}

/** Weights: scale, in the sizes of the axes. */
export class RMSNormalization extends Layer<RmsNormalizationOptions> {
  static override readonly className: string = "RMSNormalization";
  norm!: RMSNorm;
  #axes!: LastAxes;

  override get supportsMasking(): boolean {
    return true;
  }

  override build(inputShape: KerasShape): void {
    this.#axes = new LastAxes(this, this.options.axis ?? -1, inputShape);
    const norm = new RMSNorm(this.#axes.sizes(this, inputShape), {
      eps: this.options.epsilon ?? 1e-6,
      dtype: this.dtype,
    });
    this.norm = norm as RMSNorm;
    this.hold("scale", norm.weight!, { initializer: "ones" });
  }

  call(x: Tensor): Tensor {
    return this.#axes.around(x, (value) => this.norm.forward(value));
  }
}

/** x / √(mean(x²) + ε) · scale over the last axis. */
export function rmsNormalization(options: RmsNormalizationOptions = {}): RMSNormalization {
  return new RMSNormalization(options);
}

export interface UnitNormalizationOptions extends LayerOptions {
  /** The axes that the norm runs over, the last by default. */
  readonly axis?: number | readonly number[] | undefined;
}

export class UnitNormalization extends Layer<UnitNormalizationOptions> {
  static override readonly className: string = "UnitNormalization";

  override get supportsMasking(): boolean {
    return true;
  }

  call(x: Tensor): Tensor {
    const axes = [this.options.axis ?? -1].flat();
    // Keras's bound keeps vectors of zeros at zero.
    return x.mul(
      x
        .square()
        .sum(axes as number[], true)
        .maximum(1e-12)
        .rsqrt(),
    );
  }
}

/** Vectors brought to length 1. */
export function unitNormalization(options: UnitNormalizationOptions = {}): UnitNormalization {
  return new UnitNormalization(options);
}
