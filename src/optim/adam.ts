import { recip, sqrt } from "../graph/ops/unary.ts";
import { add, div, maximum, mul, sub } from "../tensor/functional/arithmetic.ts";
import { averaged, correction } from "./formulas.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import type { OptimizerOptions, Rule } from "./rule.ts";

/** Options that Adam shares with its relatives. */
export interface AdaptiveOptions extends OptimizerOptions {
  /** How much of the mean of gradients, and of that of their squares, is kept at each step; [0.9, 0.999] by default. */
  readonly betas: readonly [number, number];
  /** Keeps quotients finite. */
  readonly eps: number;
  /** How strongly parameters are pulled to 0. */
  readonly weightDecay: number;
  readonly maximize: boolean;
}

export interface AdamOptions extends AdaptiveOptions {
  /** Divides by the largest mean square so far (Reddi et al. 2018), false by default. */
  readonly amsgrad: boolean;
  /** Shrinks parameters by lr · weightDecay, instead of adding to gradients. False in Adam, true in AdamW. */
  readonly decoupledWeightDecay: boolean;
  /** Whether eps is added to √v before the bias is corrected (ε̂ in Kingma and Ba, section 2), as in Keras; false by default. */
  readonly epsInside?: boolean | undefined;
}

type AdamName = "exp_avg" | "exp_avg_sq" | "max_exp_avg_sq";

/* @__NO_SIDE_EFFECTS__ */
const rule = (name: string, own: Partial<AdamOptions> = {}): Rule<AdamOptions, AdamName> => ({
  name,
  defaults: {
    lr: 1e-3,
    betas: [0.9, 0.999],
    eps: 1e-8,
    weightDecay: 0,
    amsgrad: false,
    maximize: false,
    decoupledWeightDecay: false,
    ...own,
  },
  state: ({ amsgrad }) => ({ exp_avg: 0, exp_avg_sq: 0, ...(amsgrad ? { max_exp_avg_sq: 0 } : {}) }),
  decay: ({ decoupledWeightDecay }) => (decoupledWeightDecay ? "decoupled" : "penalty"),
  update({ parameter, gradient, state, lr, count, momentum, options: { betas, eps, amsgrad, epsInside }, shared }) {
    const mean = averaged(state.exp_avg, momentum, gradient);
    const square = averaged(state.exp_avg_sq, betas[1], mul(gradient, gradient));
    const largest = amsgrad ? maximum(state.max_exp_avg_sq, square) : square;
    const rate = shared("rate", () => div(lr, correction(momentum, count)));
    // A product for every element, where PyTorch divides.
    const scale = shared("scale", () => recip(sqrt(correction(betas[1], count))));
    const root = sqrt(largest);
    const change = div(mean, epsInside ? mul(add(root, eps), scale) : add(mul(root, scale), eps));
    return {
      parameter: sub(parameter, mul(change, rate)),
      state: { exp_avg: mean, exp_avg_sq: square, max_exp_avg_sq: largest },
    };
  },
});

const adam = rule("Adam");
const adamW = rule("AdamW", { weightDecay: 0.01, decoupledWeightDecay: true });

/**
 * Adam (Kingma and Ba 2015) as PyTorch computes it: p ← p − lr / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε), with m and v the
 * running means of g and g². Weight decay is an L2 penalty here: it goes into the gradient.
 */
export class Adam extends Optimizer<AdamOptions, AdamName> {
  constructor(parameters: Parameters<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(adam, parameters, options);
  }
}

/**
 * Adam with decoupled weight decay, 0.01 by default (Loshchilov and Hutter 2019), which is no L2 penalty: parameters shrink
 * by lr · decay whatever their gradients.
 */
export class AdamW extends Optimizer<AdamOptions, AdamName> {
  constructor(parameters: Parameters<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(adamW, parameters, options);
  }
}
