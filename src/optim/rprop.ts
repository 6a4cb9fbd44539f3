import { ArgumentError } from "../core/errors.ts";
import { sign } from "../graph/ops/unary.ts";
import { maximum, minimum, mul, sub } from "../tensor/functional/arithmetic.ts";
import { eq, gt, lt, ne, where } from "../tensor/functional/comparison.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import type { OptimizerOptions, Rule } from "./rule.ts";

export interface RpropOptions extends OptimizerOptions {
  /** By how much steps shrink where the gradient's sign has changed, and grow where not; [0.5, 1.2] by default. */
  readonly etas: readonly [number, number];
  /** The smallest and the largest step, [1e-6, 50] by default. */
  readonly stepSizes: readonly [number, number];
  readonly maximize: boolean;
}

const rprop: Rule<RpropOptions, "prev" | "step_size"> = {
  name: "Rprop",
  defaults: { lr: 1e-2, etas: [0.5, 1.2], stepSizes: [1e-6, 50], maximize: false },
  state: ({ lr }) => ({ prev: 0, step_size: lr }),
  check({ etas: [less, more] }) {
    if (!(less > 0 && less < 1 && more > 1))
      throw new ArgumentError(`Rprop: etas must lie in (0, 1) and above 1, got [${less}, ${more}]`);
  },
  update({ parameter, gradient, state, lr, count, options: { etas, stepSizes } }) {
    // After a turn the sign is forgotten, so that the next step goes on at this size. What else depends on the turn is said
    // by this one value, which is stored anyway: one kernel makes it all.
    const kept = where(lt(mul(gradient, state.prev), 0), 0, gradient);
    const factor = where(ne(kept, gradient), etas[0], where(gt(mul(kept, state.prev), 0), etas[1], 1));
    const last = where(eq(count, 1), lr, state.step_size);
    const size = maximum(minimum(mul(last, factor), stepSizes[1]), stepSizes[0]);
    return { parameter: sub(parameter, mul(sign(kept), size)), state: { prev: kept, step_size: size } };
  },
};

/**
 * A step size for each number, grown and shrunk by the gradient's sign alone (Riedmiller and Braun 1993): for whole data
 * sets, not batches. `lr` (0.01 by default) is the first step.
 */
export class Rprop extends Optimizer<RpropOptions, "prev" | "step_size"> {
  constructor(parameters: Parameters<RpropOptions>, options: Partial<RpropOptions> = {}) {
    super(rprop, parameters, options);
  }
}
