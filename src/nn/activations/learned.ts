/** Activations with a parameter. */
import type { DType } from "../../core/dtype.ts";
import type { Shape } from "../../core/shape.ts";
import * as nodes from "../../tensor/functional/activationsLearned.ts";
import type { Parameter } from "../../tensor/parameter.ts";
import { fromNode, type Tensor } from "../../tensor/tensor.ts";
import { Keep } from "../activation.ts";
import { checkSizes } from "../checks.ts";
import { constant } from "../init/distributions.ts";
import { drawn } from "../init/drawn.ts";

export interface LearnedActivationOptions {
  /** Where the parameter starts. */
  readonly initial?: number | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/**
 * x above 0, slope · x below. The slope is [1], or [channels] along axis 1.
 * @throws ShapeError for any other slope.
 */
export function prelu<S extends Shape>(x: Tensor<S>, slope: Tensor): Tensor<S> {
  return fromNode(nodes.prelu(x.node, slope.node));
}

/** `prelu` with a learned slope, one for all or one for each of `channels` (axis 1); 0.25 at first: He et al. 2015. */
export class PReLU extends Keep {
  readonly channels: number;
  /** [channels] */
  weight: Parameter<[number]>;

  constructor(channels: number = 1, { initial = 0.25, dtype = "f32" }: LearnedActivationOptions = {}) {
    super();
    this.channels = channels;
    checkSizes(`${this}`, { channels });
    this.weight = drawn([channels], constant(initial), dtype, `${this}.weight`);
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return prelu(x, this.weight);
  }

  override toString(): string {
    return `PReLU(${this.channels})`;
  }
}

/** x · sigmoid(beta · x) with a learned beta, one for all or one for each of `channels` (axis 1); 1 at first, where it is SiLU. */
export class ParametricSwish extends Keep {
  readonly channels: number;
  /** [channels] */
  beta: Parameter<[number]>;

  constructor(channels: number = 1, { initial = 1, dtype = "f32" }: LearnedActivationOptions = {}) {
    super();
    this.channels = channels;
    checkSizes(`${this}`, { channels });
    this.beta = drawn([channels], constant(initial), dtype, `${this}.beta`);
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    return fromNode(nodes.swish(x.node, this.beta.node));
  }

  override toString(): string {
    return `ParametricSwish(${this.channels})`;
  }
}
