import { neg, sqrt } from "../graph/ops/unary.ts";
import { add, div, mul, sub } from "../tensor/functional/arithmetic.ts";
import type { AdaptiveOptions } from "./adam.ts";
import { averaged, correction } from "./formulas.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import type { Rule } from "./rule.ts";

const adaBelief: Rule<AdaptiveOptions, "exp_avg" | "exp_avg_var"> = {
  name: "AdaBelief",
  defaults: { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-16, weightDecay: 0, maximize: false },
  state: () => ({ exp_avg: 0, exp_avg_var: 0 }),
  decay: () => "decoupled",
  update({ parameter, gradient, state, lr, count, momentum, options: { betas, eps }, shared }) {
    const mean = averaged(state.exp_avg, momentum, gradient);
    // −(g − m)², as a product of two values: one that is read twice would be a kernel of its own.
    const surprise = mul(sub(gradient, mean), sub(mean, gradient));
    const variance = add(averaged(state.exp_avg_var, betas[1], neg(surprise)), eps);
    const rate = shared("rate", () => div(lr, correction(momentum, count)));
    const scale = shared("scale", () => sqrt(correction(betas[1], count)));
    return {
      parameter: sub(parameter, mul(div(mean, add(div(sqrt(variance), scale), eps)), rate)),
      state: { exp_avg: mean, exp_avg_var: variance },
    };
  },
};

/**
 * Adam that divides by how far gradients are from their running mean: large steps where they are as expected (Zhuang et al.
 * 2020). `eps` is 1e-16 by default and added inside and outside of the root, weight decay decoupled.
 */
export class AdaBelief extends Optimizer<AdaptiveOptions, "exp_avg" | "exp_avg_var"> {
  constructor(parameters: Parameters<AdaptiveOptions>, options: Partial<AdaptiveOptions> = {}) {
    super(adaBelief, parameters, options);
  }
}
