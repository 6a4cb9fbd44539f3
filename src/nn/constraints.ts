/** Bounds that parameters are brought back to after a step. */
import { ArgumentError } from "../core/errors.ts";
import { withGradientMode } from "../graph/op.ts";
import { assign } from "../tensor/assign.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { fromNode, type Tensor } from "../tensor/tensor.ts";

/** The nearest allowed value of a parameter. */
export type Constraint = (x: Tensor) => Tensor;

export interface NormOptions {
  /**
   * The axes that a norm runs over: all but the first by default, the weights into one unit of [out, in, …]; the whole of
   * a vector. (In Keras units come last, and the default is axis 0.)
   */
  readonly axis?: number | readonly number[] | undefined;
}

/** Keras's, against division by 0. */
const EPSILON = 1e-7;

function norms(x: Tensor, { axis }: NormOptions): Tensor {
  const axes = axis ?? (x.rank < 2 ? undefined : x.shape.slice(1).map((_, i) => i + 1));
  return x
    .square()
    .sum(axes as number[], true)
    .sqrt();
}

function checkNorm(name: string, option: string, value: number): void {
  if (!(value >= 0)) throw new ArgumentError(`constraints.${name}: ${option} must be 0 or more, got ${value}`);
}

/** Norms of at most `maximum`, 2 by default: Keras's MaxNorm (Hinton et al. 2012). */
export function maxNorm(maximum: number = 2, options: NormOptions = {}): Constraint {
  checkNorm("maxNorm", "the maximum", maximum);
  return (x) => {
    const size = norms(x, options);
    return x.mul(size.clamp(0, maximum).div(size.add(EPSILON)));
  };
}

/** No number below 0: Keras's NonNeg. */
export function nonNegative(): Constraint {
  return (x) => x.relu();
}

/** Norms of 1: Keras's UnitNorm. */
export function unitNorm(options: NormOptions = {}): Constraint {
  return (x) => x.div(norms(x, options).add(EPSILON));
}

/**
 * Norms from `minimum` (0 by default) to `maximum` (1 by default), approached by a share `rate` (1 by default) at each step:
 * Keras's MinMaxNorm.
 */
export function minMaxNorm({
  minimum = 0,
  maximum = 1,
  rate = 1,
  ...options
}: NormOptions & { readonly minimum?: number; readonly maximum?: number; readonly rate?: number } = {}): Constraint {
  checkNorm("minMaxNorm", "minimum", minimum);
  if (!(maximum >= minimum && rate >= 0 && rate <= 1))
    throw new ArgumentError(
      `constraints.minMaxNorm: wants minimum ≤ maximum and a rate in [0, 1], got ${minimum}, ${maximum} and ${rate}`,
    );
  return (x) => {
    const size = norms(x, options);
    const wanted = size
      .clamp(minimum, maximum)
      .mul(rate)
      .add(size.mul(1 - rate));
    return x.mul(wanted.div(size.add(EPSILON)));
  };
}

/**
 * Brings parameters back to where a constraint allows; call it after `optimizer.step()`, inside a traced step as part of it.
 * @example optimizer.step(); nn.constraints.apply([model.fc1.weight], nn.constraints.maxNorm(3));
 */
export function apply(parameters: Iterable<Parameter>, constraint: Constraint): void {
  withGradientMode(false, () =>
    assign([...parameters].map(({ cell }) => ({ cell, value: constraint(fromNode(cell.leaf())).node }))),
  );
}

const NAMES: Readonly<Record<string, () => Constraint>> = {
  maxnorm: maxNorm,
  nonneg: nonNegative,
  nonnegative: nonNegative,
  unitnorm: unitNorm,
  minmaxnorm: minMaxNorm,
};

/** The constraint that one of Keras's names stands for ("max_norm", "non_neg", "unit_norm", "min_max_norm"), with its defaults. */
export function named(name: string): Constraint {
  const make = NAMES[name.replaceAll("_", "").toLowerCase()];
  if (!make)
    throw new ArgumentError(
      `constraints.named: no "${name}" is known; the names are max_norm, non_neg, unit_norm and min_max_norm`,
    );
  return make();
}
