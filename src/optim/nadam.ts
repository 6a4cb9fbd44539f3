import type { Node } from "../graph/node.ts";
import { exp, sqrt } from "../graph/ops/unary.ts";
import { add, div, mul, sub } from "../tensor/functional/arithmetic.ts";
import type { AdaptiveOptions } from "./adam.ts";
import { averaged, correction } from "./formulas.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import type { Rule } from "./rule.ts";

export interface NAdamOptions extends AdaptiveOptions {
  /** How fast momentum grows to its full size, 4e-3 by default. */
  readonly momentumDecay: number;
  /** Shrinks parameters by lr · weightDecay, instead of adding to gradients; false by default. */
  readonly decoupledWeightDecay: boolean;
}

type NAdamName = "exp_avg" | "exp_avg_sq" | "mu_product";

const nadam: Rule<NAdamOptions, NAdamName> = {
  name: "NAdam",
  defaults: {
    lr: 2e-3,
    betas: [0.9, 0.999],
    eps: 1e-8,
    weightDecay: 0,
    momentumDecay: 4e-3,
    decoupledWeightDecay: false,
    maximize: false,
  },
  state: () => ({ exp_avg: 0, exp_avg_sq: 0, mu_product: { shape: [], initial: 1 } }),
  decay: ({ decoupledWeightDecay }) => (decoupledWeightDecay ? "decoupled" : "penalty"),
  update({ parameter, gradient, state, lr, count, momentum, options: { betas, eps, momentumDecay }, shared }) {
    /** β₁ · (1 − ½ · 0.96^(t·ψ)) */
    const momentumAt = (t: Node): Node => mul(sub(1, mul(exp(mul(t, momentumDecay * Math.log(0.96))), 0.5)), momentum);
    const now = shared("now", () => momentumAt(count));
    const next = shared("next", () => momentumAt(add(count, 1)));
    const product = mul(state.mu_product, now);
    const mean = averaged(state.exp_avg, momentum, gradient);
    const square = averaged(state.exp_avg_sq, betas[1], mul(gradient, gradient));
    const ofGradient = mul(gradient, div(sub(1, now), sub(1, product)));
    const ofMean = mul(mean, div(next, sub(1, mul(product, next))));
    const root = sqrt(
      div(
        square,
        shared("scale", () => correction(betas[1], count)),
      ),
    );
    return {
      parameter: sub(parameter, mul(div(add(ofGradient, ofMean), add(root, eps)), lr)),
      state: { exp_avg: mean, exp_avg_sq: square, mu_product: product },
    };
  },
};

/** Adam with Nesterov's look ahead along the momentum (Dozat 2016). `lr` is 2e-3 by default. */
export class NAdam extends Optimizer<NAdamOptions, NAdamName> {
  constructor(parameters: Parameters<NAdamOptions>, options: Partial<NAdamOptions> = {}) {
    super(nadam, parameters, options);
  }
}
