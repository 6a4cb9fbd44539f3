import { exp, log } from "../graph/ops/unary.ts";
import { add, div, maximum, mul, sub } from "../tensor/functional/arithmetic.ts";
import { eq, where } from "../tensor/functional/comparison.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import type { OptimizerOptions, Rule } from "./rule.ts";

export interface AsgdOptions extends OptimizerOptions {
  /** Decay of parameters, relative to the rate, 1e-4 by default. */
  readonly lambd: number;
  /** The rate's power of time, 0.75 by default. */
  readonly alpha: number;
  /** The step at which averaging begins, 1e6 by default. */
  readonly t0: number;
  /** L2 penalty, 0 by default. */
  readonly weightDecay: number;
  readonly maximize: boolean;
}

type AsgdName = "eta" | "mu" | "ax";

const asgd: Rule<AsgdOptions, AsgdName> = {
  name: "ASGD",
  defaults: { lr: 1e-2, lambd: 1e-4, alpha: 0.75, t0: 1e6, weightDecay: 0, maximize: false },
  state: ({ lr }) => ({ eta: { shape: [], initial: lr }, mu: { shape: [], initial: 1 }, ax: 0 }),
  update({ parameter, gradient, state, lr, count, options: { lambd, alpha, t0 } }) {
    const eta = where(eq(count, 1), lr, state.eta);
    const next = sub(mul(parameter, sub(1, mul(eta, lambd))), mul(gradient, eta));
    return {
      parameter: next,
      state: {
        ax: add(state.ax, mul(sub(next, state.ax), state.mu)),
        // (1 + λ·lr·t)^α
        eta: div(lr, exp(mul(log(add(mul(mul(lr, lambd), count), 1)), alpha))),
        mu: div(1, maximum(sub(count, t0), 1)),
      },
    };
  },
};

/** Averaged stochastic gradient descent (Polyak and Juditsky 1992): the state `ax` is the mean of parameters since `t0`. */
export class ASGD extends Optimizer<AsgdOptions, AsgdName> {
  constructor(parameters: Parameters<AsgdOptions>, options: Partial<AsgdOptions> = {}) {
    super(asgd, parameters, options);
  }
}
