import type { Node } from "../graph/node.ts";
import { add, mul, sub } from "../tensor/functional/arithmetic.ts";
import { eq, where } from "../tensor/functional/comparison.ts";
import { like } from "../tensor/functional/operands.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import { checkOption, type OptimizerOptions, type Rule } from "./rule.ts";

export interface SgdOptions extends OptimizerOptions {
  /** How much of the last direction is kept, 0 by default. */
  readonly momentum: number;
  /** How much less than its whole a gradient adds to the momentum after the first step, 0 by default. */
  readonly dampening: number;
  /** L2 penalty: this times the parameter is added to its gradient, 0 by default. */
  readonly weightDecay: number;
  /** Looks ahead along the momentum: Sutskever et al. 2013. False by default. */
  readonly nesterov: boolean;
  readonly maximize: boolean;
}

/** The first gradient counts whole. */
const share = (count: Node, dampening: number): Node => where(eq(count, 1), like(count, 1), 1 - dampening);

const sgd: Rule<SgdOptions, "momentum_buffer"> = {
  name: "SGD",
  defaults: { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false },
  state: ({ momentum }) => (momentum === 0 ? {} : { momentum_buffer: 0 }),
  check({ momentum, dampening, nesterov }) {
    checkOption("SGD", "momentum", momentum, nesterov ? Number.MIN_VALUE : 0);
    checkOption("SGD", "dampening", dampening, 0, nesterov ? Number.MIN_VALUE : Infinity);
  },
  update({ parameter, gradient: g, state, lr, count, momentum, options: { dampening, nesterov } }) {
    if (!state.momentum_buffer) return { parameter: sub(parameter, mul(g, lr)), state: {} };
    const buffer = add(mul(state.momentum_buffer, momentum), dampening === 0 ? g : mul(g, share(count, dampening)));
    const direction = nesterov ? add(g, mul(buffer, momentum)) : buffer;
    return { parameter: sub(parameter, mul(direction, lr)), state: { momentum_buffer: buffer } };
  },
};

/**
 * Stochastic gradient descent as PyTorch computes it: p ← p − lr·d, where d is the gradient g, or its momentum
 * b ← μ·b + (1 − dampening)·g, or with Nesterov g + μ·b. `lr` is 1e-3 by default.
 */
export class SGD extends Optimizer<SgdOptions, "momentum_buffer"> {
  constructor(parameters: Parameters<SgdOptions>, options: Partial<SgdOptions> = {}) {
    super(sgd, parameters, options);
  }
}
