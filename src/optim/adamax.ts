import { abs } from "../graph/ops/unary.ts";
import { add, div, maximum, mul, sub } from "../tensor/functional/arithmetic.ts";
import type { AdaptiveOptions } from "./adam.ts";
import { averaged, correction } from "./formulas.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import type { Rule } from "./rule.ts";

const adamax: Rule<AdaptiveOptions, "exp_avg" | "exp_inf"> = {
  name: "Adamax",
  defaults: { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false },
  state: () => ({ exp_avg: 0, exp_inf: 0 }),
  update({ parameter, gradient, state, lr, count, momentum, options: { betas, eps }, shared }) {
    const mean = averaged(state.exp_avg, momentum, gradient);
    const largest = maximum(mul(state.exp_inf, betas[1]), add(abs(gradient), eps));
    const rate = shared("rate", () => div(lr, correction(momentum, count)));
    return {
      parameter: sub(parameter, mul(div(mean, largest), rate)),
      state: { exp_avg: mean, exp_inf: largest },
    };
  },
};

/** Adam with the largest recent gradient in place of the root mean square (Kingma and Ba 2015). `lr` is 2e-3 by default. */
export class Adamax extends Optimizer<AdaptiveOptions, "exp_avg" | "exp_inf"> {
  constructor(parameters: Parameters<AdaptiveOptions>, options: Partial<AdaptiveOptions> = {}) {
    super(adamax, parameters, options);
  }
}
