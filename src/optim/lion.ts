import { sign } from "../graph/ops/unary.ts";
import { mul, sub } from "../tensor/functional/arithmetic.ts";
import { averaged } from "./formulas.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import type { OptimizerOptions, Rule } from "./rule.ts";

export interface LionOptions extends OptimizerOptions {
  /** How much of the mean gradient counts in a step, and how much of it is kept; [0.9, 0.99] by default. */
  readonly betas: readonly [number, number];
  /** Decoupled, 0 by default. */
  readonly weightDecay: number;
  readonly maximize: boolean;
}

const lion: Rule<LionOptions, "exp_avg"> = {
  name: "Lion",
  defaults: { lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0, maximize: false },
  state: () => ({ exp_avg: 0 }),
  decay: () => "decoupled",
  update({ parameter, gradient, state, lr, momentum, options: { betas } }) {
    const direction = sign(averaged(state.exp_avg, momentum, gradient));
    return {
      parameter: sub(parameter, mul(direction, lr)),
      state: { exp_avg: averaged(state.exp_avg, betas[1], gradient) },
    };
  },
};

/**
 * Steps of ±lr along the sign of a momentum (Chen et al. 2023), with one number of state for each of a parameter. `lr` is
 * 1e-4 by default: 3 to 10 times smaller than Adam's.
 */
export class Lion extends Optimizer<LionOptions, "exp_avg"> {
  constructor(parameters: Parameters<LionOptions>, options: Partial<LionOptions> = {}) {
    super(lion, parameters, options);
  }
}
