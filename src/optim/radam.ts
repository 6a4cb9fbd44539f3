import type { Node } from "../graph/node.ts";
import { sqrt } from "../graph/ops/unary.ts";
import { add, div, maximum, mul, sub } from "../tensor/functional/arithmetic.ts";
import { gt, lt, where } from "../tensor/functional/comparison.ts";
import { expm1 } from "../tensor/functional/elementary.ts";
import type { AdaptiveOptions } from "./adam.ts";
import { averaged, correction } from "./formulas.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import type { Rule } from "./rule.ts";

export interface RAdamOptions extends AdaptiveOptions {
  /** Adapts steps once ρ is above this: 5 (the default) in PyTorch, 4 in the paper. */
  readonly threshold: number;
  /** Whether both means are corrected for their start at 0, true by default; notes on the method often leave it out. */
  readonly biasCorrection: boolean;
  /** Shrinks parameters by lr · weightDecay, instead of adding to gradients; false by default. */
  readonly decoupledWeightDecay: boolean;
}

/**
 * How long the memory of squared gradients effectively is after a number of steps, ρ = ρ∞ − 2t·βᵗ / (1 − βᵗ) with
 * ρ∞ = 2 / (1 − β) − 1, and by how much steps must be smaller because of it, √((ρ−4)(ρ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρ)) (0 up to
 * ρ = 4).
 */
export function rectification(beta: number, count: Node): { readonly length: Node; readonly factor: Node } {
  const limit = 2 / (1 - beta) - 1;
  const x = mul(count, -Math.log(beta));
  // Near 0 both terms are large and nearly equal: there the first terms of their difference's series.
  const start = add(mul(count, add(sub(1, div(x, 6)), div(mul(mul(x, x), x), 360))), limit + 2 / Math.log(beta));
  const length = where(lt(x, 0.1), start, sub(limit, div(mul(count, 2), expm1(x))));
  const excess = mul(maximum(sub(length, 4), 0), sub(length, 2));
  return { length, factor: sqrt(div(mul(excess, limit), mul(length, (limit - 4) * (limit - 2)))) };
}

const radam: Rule<RAdamOptions, "exp_avg" | "exp_avg_sq"> = {
  name: "RAdam",
  defaults: {
    lr: 1e-3,
    betas: [0.9, 0.999],
    eps: 1e-8,
    weightDecay: 0,
    maximize: false,
    threshold: 5,
    biasCorrection: true,
    decoupledWeightDecay: false,
  },
  state: () => ({ exp_avg: 0, exp_avg_sq: 0 }),
  decay: ({ decoupledWeightDecay }) => (decoupledWeightDecay ? "decoupled" : "penalty"),
  update({ parameter, gradient, state, lr, count, momentum, options, shared }) {
    const { betas, eps, threshold, biasCorrection } = options;
    const mean = averaged(state.exp_avg, momentum, gradient);
    const square = averaged(state.exp_avg_sq, betas[1], mul(gradient, gradient));
    const rate = biasCorrection ? shared("rate", () => div(lr, correction(momentum, count))) : lr;
    const certain = shared("certain", () => gt(rectification(betas[1], count).length, threshold));
    const factor = shared("factor", () => {
      const { factor: slower } = rectification(betas[1], count);
      return biasCorrection ? mul(slower, sqrt(correction(betas[1], count))) : slower;
    });
    const direction = where(certain, div(mul(mean, factor), add(sqrt(square), eps)), mean);
    return { parameter: sub(parameter, mul(direction, rate)), state: { exp_avg: mean, exp_avg_sq: square } };
  },
};

/**
 * Adam whose first steps, while the mean of squared gradients is uncertain, are those of SGD with momentum: Liu et al. 2020,
 * with PyTorch's threshold ρ > 5 and its L2 penalty. The paper's is `{ threshold: 4 }`; the variant of many notes, without
 * bias correction, `{ threshold: 4, biasCorrection: false }`.
 */
export class RAdam extends Optimizer<RAdamOptions, "exp_avg" | "exp_avg_sq"> {
  constructor(parameters: Parameters<RAdamOptions>, options: Partial<RAdamOptions> = {}) {
    super(radam, parameters, options);
  }
}
