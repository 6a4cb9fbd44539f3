import type { Node } from "../graph/node.ts";
import { neg, sqrt } from "../graph/ops/unary.ts";
import { add, div, mul, sub } from "../tensor/functional/arithmetic.ts";
import { expm1 } from "../tensor/functional/elementary.ts";
import type { OptimizerOptions, Parameters } from "./group.ts";
import { checkOption, Optimizer, type Step, type Updated } from "./optimizer.ts";

export interface AdamOptions extends OptimizerOptions {
  /** How much of the mean of gradients, and of that of their squares, is kept at each step; [0.9, 0.999] by default. */
  readonly betas: readonly [number, number];
  /** Added to the square root, 1e-8 by default. */
  readonly eps: number;
  /** How strongly parameters are pulled to 0: by default 0 in Adam, 0.01 in AdamW. */
  readonly weightDecay: number;
}

/** State of Adam and its relatives: running means of gradients and of their squares. */
export type AdamName = "exp_avg" | "exp_avg_sq";

/** PyTorch's. */
export const defaults: AdamOptions = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 };

/** 1 − βᵗ without the digits that 1 − 0.999 loses in single precision. */
export const correction = (beta: number, count: Node): Node => neg(expm1(mul(count, Math.log(beta))));

/** Checks the options and names the state. */
export function namesUnder(op: string, { betas, eps, weightDecay }: AdamOptions): readonly AdamName[] {
  betas.forEach((beta, i) => checkOption(op, `betas[${i}]`, beta, 0, 1));
  checkOption(op, "eps", eps, 0);
  checkOption(op, "weightDecay", weightDecay, 0);
  return ["exp_avg", "exp_avg_sq"];
}

/** p ← p − lr / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε), with m and v the running means of g and g². */
function moved(step: Step<AdamOptions, AdamName>, parameter: Node, gradient: Node): Updated<AdamName> {
  const { state, lr, count, options } = step;
  const [beta1, beta2] = options.betas;
  const mean = add(mul(state.exp_avg, beta1), mul(gradient, 1 - beta1));
  const square = add(mul(state.exp_avg_sq, beta2), mul(mul(gradient, gradient), 1 - beta2));
  const rate = step.shared("rate", () => div(lr, correction(beta1, count)));
  const root = div(
    sqrt(square),
    step.shared("scale", () => sqrt(correction(beta2, count))),
  );
  const change = div(mean, add(root, options.eps));
  return { parameter: sub(parameter, mul(change, rate)), state: { exp_avg: mean, exp_avg_sq: square } };
}

/** Adam (Kingma and Ba 2015) as PyTorch computes it. Weight decay is an L2 penalty here: it goes into the gradient. */
export class Adam extends Optimizer<AdamOptions, AdamName> {
  constructor(parameters: Parameters<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(parameters, defaults, options);
  }

  protected override names(options: AdamOptions): readonly AdamName[] {
    return namesUnder("Adam", options);
  }

  protected override update(step: Step<AdamOptions, AdamName>): Updated<AdamName> {
    const { parameter, gradient, options } = step;
    const decay = options.weightDecay;
    return moved(step, parameter, decay === 0 ? gradient : add(gradient, mul(parameter, decay)));
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019), which is no L2 penalty: parameters shrink by lr · decay
 * whatever their gradients.
 */
export class AdamW extends Optimizer<AdamOptions, AdamName> {
  constructor(parameters: Parameters<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(parameters, { ...defaults, weightDecay: 0.01 }, options);
  }

  protected override names(options: AdamOptions): readonly AdamName[] {
    return namesUnder("AdamW", options);
  }

  protected override update(step: Step<AdamOptions, AdamName>): Updated<AdamName> {
    const { parameter, gradient, lr, options } = step;
    const decay = options.weightDecay;
    return moved(step, decay === 0 ? parameter : mul(parameter, sub(1, mul(lr, decay))), gradient);
  }
}
