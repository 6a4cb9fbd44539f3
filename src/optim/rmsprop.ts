import { sqrt } from "../graph/ops/unary.ts";
import { add, div, mul, sub } from "../tensor/functional/arithmetic.ts";
import { averaged } from "./formulas.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import type { OptimizerOptions, Rule } from "./rule.ts";

export interface RmspropOptions extends OptimizerOptions {
  /** How much of the mean of squares is kept, 0.99 by default. */
  readonly alpha: number;
  /** Added to the square root, 1e-8 by default. */
  readonly eps: number;
  /** L2 penalty, 0 by default. */
  readonly weightDecay: number;
  /** How much of the last step is kept, 0 by default. */
  readonly momentum: number;
  /** Divides by the deviation from the mean gradient (Graves 2013), false by default. */
  readonly centered: boolean;
  readonly maximize: boolean;
  /** Whether eps is added under the root, as in Keras; false by default. */
  readonly epsInside?: boolean | undefined;
}

type RmspropName = "square_avg" | "momentum_buffer" | "grad_avg";

const rmsprop: Rule<RmspropOptions, RmspropName> = {
  name: "RMSprop",
  defaults: { lr: 1e-2, alpha: 0.99, eps: 1e-8, weightDecay: 0, momentum: 0, centered: false, maximize: false },
  state: ({ momentum, centered }) => ({
    square_avg: 0,
    ...(momentum === 0 ? {} : { momentum_buffer: 0 }),
    ...(centered ? { grad_avg: 0 } : {}),
  }),
  update({ parameter, gradient, state, lr, momentum, options: { alpha, eps, centered, epsInside } }) {
    const square = averaged(state.square_avg, alpha, mul(gradient, gradient));
    const mean = centered ? averaged(state.grad_avg, alpha, gradient) : undefined;
    const spread = mean ? sub(square, mul(mean, mean)) : square;
    const scaled = div(gradient, epsInside ? sqrt(add(spread, eps)) : add(sqrt(spread), eps));
    const change = state.momentum_buffer ? add(mul(state.momentum_buffer, momentum), scaled) : scaled;
    return {
      parameter: sub(parameter, mul(change, lr)),
      state: { square_avg: square, momentum_buffer: change, ...(mean ? { grad_avg: mean } : {}) },
    };
  },
};

/** Steps divided by the running root mean square of gradients (Tieleman and Hinton 2012). `lr` is 0.01 by default. */
export class RMSprop extends Optimizer<RmspropOptions, RmspropName> {
  constructor(parameters: Parameters<RmspropOptions>, options: Partial<RmspropOptions> = {}) {
    super(rmsprop, parameters, options);
  }
}
