import type { DType } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import type { Parameter } from "../tensor/parameter.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Checked, Ok } from "../tensor/types/shape.ts";
import { checkLast, checkSizes } from "./checks.ts";
import { drawn } from "./init/drawn.ts";
import { uniform } from "./init/distributions.ts";
import { Module } from "./module.ts";
import type { LastTo, Rule } from "./rules.ts";

export interface LinearOptions {
  /** Whether a bias is added, true by default. */
  readonly bias?: boolean | undefined;
  /** f32 by default, or f64. */
  readonly dtype?: DType | undefined;
}

interface LinearRule<I extends number, O extends number> extends Rule {
  readonly r: this["s"] extends infer S extends Shape ? LastTo<S, I, O, `Linear(${I}, ${O})`> : never;
}

/**
 * x·Wᵀ + b over the last dimension: [..., in] → [..., out]. Weights start uniform in ±1/√in, as in PyTorch.
 * @example new nn.Linear(784, 128).forward(x)
 */
export class Linear<const I extends number = number, const O extends number = number> extends Module {
  declare readonly "~rule": LinearRule<I, O>;
  readonly inFeatures: I;
  readonly outFeatures: O;
  /** [out, in] */
  weight: Parameter<[O, I]>;
  /** [out] */
  bias: Parameter<[O]> | null;

  constructor(inFeatures: I, outFeatures: O, { bias = true, dtype = "f32" }: LinearOptions = {}) {
    super();
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    checkSizes(`${this}`, { inFeatures, outFeatures });
    const initial = uniform(1 / Math.sqrt(inFeatures));
    this.weight = drawn([outFeatures, inFeatures], initial, dtype, `${this}.weight`);
    this.bias = bias ? drawn([outFeatures], initial, dtype, `${this}.bias`) : null;
  }

  forward<S extends Shape>(
    x: Checked<LastTo<S, I, O, `Linear(${I}, ${O})`>, Tensor<S>>,
  ): Tensor<Ok<LastTo<S, I, O, `Linear(${I}, ${O})`>>>;
  forward(x: Tensor): Tensor {
    checkLast(this, x, [this.inFeatures]);
    const product = x.matmul(this.weight.T as Tensor);
    return this.bias ? product.add(this.bias as Tensor) : product;
  }

  override toString(): string {
    return `Linear(${this.inFeatures}, ${this.outFeatures})`;
  }
}
