import type { Node } from "../graph/node.ts";
import { sqrt } from "../graph/ops/unary.ts";
import { add, div, maximum, mul, sub } from "../tensor/functional/arithmetic.ts";
import { gt, lt, where } from "../tensor/functional/comparison.ts";
import { expm1 } from "../tensor/functional/elementary.ts";
import { correction, defaults, namesUnder, type AdamName, type AdamOptions } from "./adam.ts";
import type { Parameters } from "./group.ts";
import { Optimizer, type Step, type Updated } from "./optimizer.ts";

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

/**
 * Adam whose first steps, while the mean of squared gradients is uncertain, are those of SGD with momentum: Liu et al. 2020,
 * with PyTorch's threshold ρ > 5 (the paper's is 4) and its L2 penalty.
 */
export class RAdam extends Optimizer<AdamOptions, AdamName> {
  constructor(parameters: Parameters<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(parameters, defaults, options);
  }

  protected override names(options: AdamOptions): readonly AdamName[] {
    return namesUnder("RAdam", options);
  }

  protected override update(step: Step<AdamOptions, AdamName>): Updated<AdamName> {
    const { parameter, state, lr, count, options } = step;
    const { betas, eps, weightDecay } = options;
    const g = weightDecay === 0 ? step.gradient : add(step.gradient, mul(parameter, weightDecay));
    const mean = add(mul(state.exp_avg, betas[0]), mul(g, 1 - betas[0]));
    const square = add(mul(state.exp_avg_sq, betas[1]), mul(mul(g, g), 1 - betas[1]));
    const rate = step.shared("rate", () => div(lr, correction(betas[0], count)));
    const certain = step.shared("certain", () => gt(rectification(betas[1], count).length, 5));
    const factor = step.shared("factor", () =>
      mul(rectification(betas[1], count).factor, sqrt(correction(betas[1], count))),
    );
    const direction = where(certain, div(mul(mean, factor), add(sqrt(square), eps)), mean);
    return { parameter: sub(parameter, mul(direction, rate)), state: { exp_avg: mean, exp_avg_sq: square } };
  }
}
