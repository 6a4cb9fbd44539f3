import { sizeOf, type Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { exp, log, recip, sqrt } from "../graph/ops/unary.ts";
import { add, div, maximum, minimum, mul, sub } from "../tensor/functional/arithmetic.ts";
import { mean } from "../tensor/functional/reductions.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import { checkOption, type OptimizerOptions, type Rule } from "./rule.ts";
import { length } from "./trustRatio.ts";

export interface AdafactorOptions extends OptimizerOptions {
  /** The running mean of squares keeps 1 − tᵈ of itself at step t, with d = −0.8 by default. */
  readonly beta2Decay: number;
  /** The smallest mean square root and the smallest size of a parameter, [null, 1e-3] by default; null is the dtype's ε. */
  readonly eps: readonly [number | null, number];
  /** The largest root mean square of a step relative to its rate, 1 by default. */
  readonly d: number;
  /** Decoupled, 0 by default. */
  readonly weightDecay: number;
  readonly maximize: boolean;
}

type AdafactorName = "row_var" | "col_var" | "variance";

/** A shape with one of its axes, counted from the end, of size 1. */
const without = (shape: Shape, fromEnd: number): Shape =>
  shape.map((size, i) => (i === shape.length - fromEnd ? 1 : size));

const epsilonOf = ({ dtype }: Node): number => (dtype === "f64" ? 2 ** -52 : 2 ** -23);

/** From `a` to `b` by a share. */
const towards = (a: Node, b: Node, share: Node): Node => add(a, mul(sub(b, a), share));

const adafactor: Rule<AdafactorOptions, AdafactorName> = {
  name: "Adafactor",
  defaults: { lr: 1e-2, beta2Decay: -0.8, eps: [null, 1e-3], d: 1, weightDecay: 0, maximize: false },
  shaped: true,
  check: ({ d }) => checkOption("Adafactor", "d", d, 1),
  state: (_, shape) =>
    shape.length > 1
      ? { row_var: { shape: without(shape, 1) }, col_var: { shape: without(shape, 2) } }
      : { variance: 0 },
  decay: () => "decoupled",
  update({ parameter, gradient, state, lr, count, options: { beta2Decay, eps, d, weightDecay } }) {
    const smallest = eps[0] ?? epsilonOf(parameter);
    const root = Math.sqrt(sizeOf(parameter.shape));
    // The size of the parameter is that from before its decay.
    const decay = weightDecay === 0 ? undefined : sub(1, mul(lr, weightDecay));
    const size = div(decay ? div(length(parameter), decay) : length(parameter), root);
    const rate = mul(maximum(size, eps[1]), minimum(lr, recip(sqrt(count))));
    const share = exp(mul(log(count), beta2Decay));
    const square = mul(gradient, gradient);
    const next: Partial<Record<AdafactorName, Node>> = {};
    let estimate: Node;
    if (parameter.shape.length > 1) {
      const rows = towards(state.row_var, mean(square, -1, true), share);
      const columns = towards(state.col_var, mean(square, -2, true), share);
      Object.assign(next, { row_var: rows, col_var: columns });
      estimate = div(mul(rows, columns), maximum(mean(rows, -2, true), smallest));
    } else estimate = next.variance = towards(state.variance, square, share);
    const update = mul(recip(sqrt(maximum(estimate, smallest * smallest))), gradient);
    const clipped = maximum(div(length(update), root * d), 1);
    return { parameter: sub(parameter, mul(update, div(rate, clipped))), state: next };
  },
};

/**
 * Adam without momentum whose mean squares are kept as one number for each row and one for each column of a matrix
 * (Shazeer and Stern 2018), as PyTorch computes it. `lr` (0.01 by default) bounds the step relative to the parameter's size.
 */
export class Adafactor extends Optimizer<AdafactorOptions, AdafactorName> {
  constructor(parameters: Parameters<AdafactorOptions>, options: Partial<AdafactorOptions> = {}) {
    super(adafactor, parameters, options);
  }
}
