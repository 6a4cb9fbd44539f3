import { sqrt } from "../graph/ops/unary.ts";
import { add, div, mul, sub } from "../tensor/functional/arithmetic.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import type { OptimizerOptions, Rule } from "./rule.ts";

export interface AdagradOptions extends OptimizerOptions {
  /** The rate at step t is lr / (1 + (t − 1)·lrDecay); 0 by default. */
  readonly lrDecay: number;
  /** L2 penalty, 0 by default. */
  readonly weightDecay: number;
  /** What sums of squares start with, 0 by default. */
  readonly initialAccumulatorValue: number;
  /** Added to the square root, 1e-10 by default. */
  readonly eps: number;
  readonly maximize: boolean;
  /** Whether eps is added under the root, as in Keras; false by default. */
  readonly epsInside?: boolean | undefined;
}

const adagrad: Rule<AdagradOptions, "sum"> = {
  name: "Adagrad",
  defaults: { lr: 1e-2, lrDecay: 0, weightDecay: 0, initialAccumulatorValue: 0, eps: 1e-10, maximize: false },
  state: ({ initialAccumulatorValue }) => ({ sum: initialAccumulatorValue }),
  update({ parameter, gradient, state, lr, count, options: { lrDecay, eps, epsInside }, shared }) {
    const sum = add(state.sum, mul(gradient, gradient));
    const rate = lrDecay === 0 ? lr : shared("rate", () => div(lr, add(mul(sub(count, 1), lrDecay), 1)));
    const root = epsInside ? sqrt(add(sum, eps)) : add(sqrt(sum), eps);
    return { parameter: sub(parameter, mul(div(gradient, root), rate)), state: { sum } };
  },
};

/** Steps divided by the root of the sum of all squared gradients so far (Duchi et al. 2011). `lr` is 0.01 by default. */
export class Adagrad extends Optimizer<AdagradOptions, "sum"> {
  constructor(parameters: Parameters<AdagradOptions>, options: Partial<AdagradOptions> = {}) {
    super(adagrad, parameters, options);
  }
}
