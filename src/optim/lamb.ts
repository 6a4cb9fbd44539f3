import { sqrt } from "../graph/ops/unary.ts";
import { add, div, mul, sub } from "../tensor/functional/arithmetic.ts";
import type { AdaptiveOptions } from "./adam.ts";
import { averaged, correction } from "./formulas.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import type { Rule } from "./rule.ts";
import { length, trustRatio } from "./trustRatio.ts";

const lamb: Rule<AdaptiveOptions, "exp_avg" | "exp_avg_sq"> = {
  name: "LAMB",
  defaults: { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-6, weightDecay: 0, maximize: false },
  state: () => ({ exp_avg: 0, exp_avg_sq: 0 }),
  decay: () => "own",
  update({ parameter, gradient, state, lr, count, momentum, options: { betas, eps, weightDecay }, shared }) {
    const mean = averaged(state.exp_avg, momentum, gradient);
    const square = averaged(state.exp_avg_sq, betas[1], mul(gradient, gradient));
    const first = shared("first", () => correction(momentum, count));
    const second = shared("second", () => correction(betas[1], count));
    const step = div(div(mean, first), add(sqrt(div(square, second)), eps));
    const direction = weightDecay === 0 ? step : add(step, mul(parameter, weightDecay));
    const ratio = trustRatio(length(parameter), length(direction));
    return {
      parameter: sub(parameter, mul(direction, mul(lr, ratio))),
      state: { exp_avg: mean, exp_avg_sq: square },
    };
  },
};

/**
 * Adam whose step is scaled, tensor by tensor, to the length of the parameter: ‖p‖ / ‖step‖ (You et al. 2020), for very
 * large batches.
 */
export class LAMB extends Optimizer<AdaptiveOptions, "exp_avg" | "exp_avg_sq"> {
  constructor(parameters: Parameters<AdaptiveOptions>, options: Partial<AdaptiveOptions> = {}) {
    super(lamb, parameters, options);
  }
}
