import type { DType } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { reshape } from "../graph/ops/movement.ts";
import { add, mul } from "../tensor/functional/arithmetic.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";
import { Keep } from "./activation.ts";
import { checkSizes } from "./checks.ts";
import { ones, zeros } from "./init/distributions.ts";
import { drawn } from "./init/drawn.ts";
import { normalize } from "./normalize.ts";

export interface GroupNormOptions {
  /** Added to the variance, 1e-5 by default. */
  readonly eps?: number | undefined;
  /** Whether the result is scaled and shifted by channel, true by default. */
  readonly affine?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

/**
 * Groups of channels of [n, c, …] brought to mean 0 and variance 1 for every example alone: Wu and He 2018. One group is a
 * layer norm of the whole example, as many groups as channels an instance norm.
 */
export class GroupNorm extends Keep {
  readonly groups: number;
  readonly channels: number;
  readonly eps: number;
  /** [channels] */
  weight: Parameter | null;
  /** [channels] */
  bias: Parameter | null;

  constructor(groups: number, channels: number, options: GroupNormOptions = {}) {
    super();
    const { eps = 1e-5, affine = true, dtype = "f32" } = options;
    this.groups = groups;
    this.channels = channels;
    this.eps = eps;
    checkSizes(`${this}`, { groups, channels });
    if (channels % groups !== 0)
      throw new ArgumentError(`${this}: ${channels} channels do not fall into ${groups} groups`);
    this.weight = affine ? drawn([channels], ones, dtype, `${this}.weight`) : null;
    this.bias = affine ? drawn([channels], zeros, dtype, `${this}.bias`) : null;
  }

  forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
    const { shape } = x.node;
    if (shape.length < 2 || shape[1] !== this.channels)
      throw new ShapeError(`${this}: the input must be [n, ${this.channels}, …], got ${show(shape)}`);
    const [n, c, ...rest] = shape as readonly [number, number, ...number[]];
    const byGroup = reshape(x.node, [n, this.groups, c / this.groups, ...rest]);
    const axes = byGroup.shape.flatMap((_, axis) => (axis < 2 ? [] : [axis]));
    const unit = reshape(normalize(byGroup, axes, this.eps), shape);
    const column = (value: Node): Node => reshape(value, [c, ...rest.map(() => 1)]);
    const scaled = this.weight ? mul(unit, column(this.weight.node)) : unit;
    return fromNode(this.bias ? add(scaled, column(this.bias.node)) : scaled);
  }

  override toString(): string {
    return `GroupNorm(${this.groups}, ${this.channels})`;
  }
}
