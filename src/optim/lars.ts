import { add, mul, sub } from "../tensor/functional/arithmetic.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import type { OptimizerOptions, Rule } from "./rule.ts";
import { length, trustRatio } from "./trustRatio.ts";

export interface LarsOptions extends OptimizerOptions {
  /** How much of the last step is kept, 0.9 by default. */
  readonly momentum: number;
  /** The share of a parameter's length that a step has at rate 1, 1e-3 by default. */
  readonly trustCoefficient: number;
  /** Added to the gradient, and to its length in the ratio; 0 by default. */
  readonly weightDecay: number;
  /** Added to the length of the gradient, 0 by default. */
  readonly eps: number;
  readonly maximize: boolean;
}

const lars: Rule<LarsOptions, "momentum_buffer"> = {
  name: "LARS",
  defaults: { lr: 1e-3, momentum: 0.9, trustCoefficient: 1e-3, weightDecay: 0, eps: 0, maximize: false },
  state: () => ({ momentum_buffer: 0 }),
  decay: () => "own",
  update({ parameter, gradient, state, lr, momentum, options: { trustCoefficient, weightDecay, eps } }) {
    const size = length(parameter);
    const ratio = trustRatio(mul(size, trustCoefficient), add(add(length(gradient), mul(size, weightDecay)), eps));
    const decayed = weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay));
    const buffer = add(mul(state.momentum_buffer, momentum), mul(decayed, mul(lr, ratio)));
    return { parameter: sub(parameter, buffer), state: { momentum_buffer: buffer } };
  },
};

/**
 * SGD with momentum whose rate is, tensor by tensor, η·‖p‖ / (‖g‖ + λ‖p‖) times `lr` (You et al. 2017), for very large
 * batches. A tensor of zeros takes the plain rate.
 */
export class LARS extends Optimizer<LarsOptions, "momentum_buffer"> {
  constructor(parameters: Parameters<LarsOptions>, options: Partial<LarsOptions> = {}) {
    super(lars, parameters, options);
  }
}
