import type { Node } from "../graph/node.ts";
import { add, mul, sub } from "../tensor/functional/arithmetic.ts";
import { eq, where } from "../tensor/functional/comparison.ts";
import { like } from "../tensor/functional/operands.ts";
import type { OptimizerOptions, Parameters } from "./group.ts";
import { checkOption, Optimizer, type Step, type Updated } from "./optimizer.ts";

export interface SgdOptions extends OptimizerOptions {
  /** How much of the last direction is kept, 0 by default. */
  readonly momentum: number;
  /** How much less than its whole a gradient adds to the momentum after the first step, 0 by default. */
  readonly dampening: number;
  /** L2 penalty: this times the parameter is added to its gradient, 0 by default. */
  readonly weightDecay: number;
  /** Looks ahead along the momentum: Sutskever et al. 2013. False by default. */
  readonly nesterov: boolean;
}

const defaults: SgdOptions = { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false };

/** The first gradient counts whole. */
const share = (count: Node, dampening: number): Node => where(eq(count, 1), like(count, 1), 1 - dampening);

/**
 * Stochastic gradient descent as PyTorch computes it: p ← p − lr·d, where d is the gradient g, or its momentum
 * b ← μ·b + (1 − dampening)·g, or with Nesterov g + μ·b. `lr` is 1e-3 by default.
 */
export class SGD extends Optimizer<SgdOptions, "momentum_buffer"> {
  constructor(parameters: Parameters<SgdOptions>, options: Partial<SgdOptions> = {}) {
    super(parameters, defaults, options);
  }

  protected override names({ momentum, dampening, weightDecay, nesterov }: SgdOptions): readonly "momentum_buffer"[] {
    checkOption("SGD", "momentum", momentum, nesterov ? Number.MIN_VALUE : 0);
    checkOption("SGD", "dampening", dampening, 0, nesterov ? Number.MIN_VALUE : Infinity);
    checkOption("SGD", "weightDecay", weightDecay, 0);
    return momentum === 0 ? [] : ["momentum_buffer"];
  }

  protected override update(step: Step<SgdOptions, "momentum_buffer">): Updated<"momentum_buffer"> {
    const { parameter, gradient, state, lr, count } = step;
    const { momentum, dampening, weightDecay, nesterov } = step.options;
    const g = weightDecay === 0 ? gradient : add(gradient, mul(parameter, weightDecay));
    if (momentum === 0) return { parameter: sub(parameter, mul(g, lr)), state };
    const buffer = add(mul(state.momentum_buffer, momentum), dampening === 0 ? g : mul(g, share(count, dampening)));
    const direction = nesterov ? add(g, mul(buffer, momentum)) : buffer;
    return { parameter: sub(parameter, mul(direction, lr)), state: { momentum_buffer: buffer } };
  }
}
