import { sqrt } from "../graph/ops/unary.ts";
import { add, div, mul, sub } from "../tensor/functional/arithmetic.ts";
import { averaged } from "./formulas.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import type { OptimizerOptions, Rule } from "./rule.ts";

export interface AdadeltaOptions extends OptimizerOptions {
  /** How much of the running means is kept, 0.9 by default. */
  readonly rho: number;
  /** Added under the square roots, 1e-6 by default. */
  readonly eps: number;
  /** L2 penalty, 0 by default. */
  readonly weightDecay: number;
  readonly maximize: boolean;
}

type AdadeltaName = "square_avg" | "acc_delta";

const adadelta: Rule<AdadeltaOptions, AdadeltaName> = {
  name: "Adadelta",
  defaults: { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false },
  state: () => ({ square_avg: 0, acc_delta: 0 }),
  update({ parameter, gradient, state, lr, options: { rho, eps } }) {
    const square = averaged(state.square_avg, rho, mul(gradient, gradient));
    const [last, next] = [add(state.acc_delta, eps), add(square, eps)];
    // The square of the change is written out: a change that two results read would be a kernel of its own.
    const changeSquared = mul(mul(div(last, next), gradient), gradient);
    return {
      parameter: sub(parameter, mul(mul(div(sqrt(last), sqrt(next)), gradient), lr)),
      state: { square_avg: square, acc_delta: averaged(state.acc_delta, rho, changeSquared) },
    };
  },
};

/** Steps as large as those before them, in the units of the parameter (Zeiler 2012). `lr` is 1 by default. */
export class Adadelta extends Optimizer<AdadeltaOptions, AdadeltaName> {
  constructor(parameters: Parameters<AdadeltaOptions>, options: Partial<AdadeltaOptions> = {}) {
    super(adadelta, parameters, options);
  }
}
