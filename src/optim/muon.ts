import { ShapeError } from "../core/errors.ts";
import { show } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { permute } from "../graph/ops/movement.ts";
import { add, div, maximum, mul, sub } from "../tensor/functional/arithmetic.ts";
import { matmul } from "../tensor/functional/matmul.ts";
import { averaged } from "./formulas.ts";
import type { Parameters } from "./group.ts";
import { Optimizer } from "./optimizer.ts";
import { checkOption, type OptimizerOptions, type Rule } from "./rule.ts";
import { length } from "./trustRatio.ts";

export interface MuonOptions extends OptimizerOptions {
  /** Decoupled, 0.1 by default. */
  readonly weightDecay: number;
  /** How much of the mean gradient is kept, 0.95 by default. */
  readonly momentum: number;
  /** Looks ahead along the momentum, true by default. */
  readonly nesterov: boolean;
  /** Of the polynomial a·s + b·s³ + c·s⁵ that brings singular values near 1. */
  readonly nsCoefficients: readonly [number, number, number];
  /** How often it is applied, 5 by default. */
  readonly nsSteps: number;
  /** The smallest length that gradients are divided by, 1e-7 by default. */
  readonly eps: number;
  /**
   * How the rate of a matrix [m, n] is scaled: "original" (the default), √max(1, m / n); "match_rms_adamw", 0.2·√max(m, n),
   * so that AdamW's rates can be kept.
   */
  readonly adjustLrFn: "original" | "match_rms_adamw" | null;
}

const transposed = (x: Node): Node => permute(x, [1, 0]);

/** The orthogonal matrix near one, by Newton–Schulz iterations: singular values come near 1, singular vectors stay. */
export function orthogonalized(
  x: Node,
  coefficients: readonly [number, number, number],
  steps: number,
  eps: number,
): Node {
  const [a, b, c] = coefficients;
  const tall = x.shape[0]! > x.shape[1]!;
  const start = tall ? transposed(x) : x;
  let result = div(start, maximum(length(start), eps));
  for (let i = 0; i < steps; i++) {
    const gram = matmul(result, transposed(result));
    result = add(mul(result, a), matmul(add(mul(gram, b), mul(matmul(gram, gram), c)), result));
  }
  return tall ? transposed(result) : result;
}

const scaleOf = ([rows, columns]: readonly number[], adjust: MuonOptions["adjustLrFn"]): number =>
  adjust === "match_rms_adamw" ? 0.2 * Math.sqrt(Math.max(rows!, columns!)) : Math.sqrt(Math.max(1, rows! / columns!));

const muon: Rule<MuonOptions, "momentum_buffer"> = {
  name: "Muon",
  defaults: {
    lr: 1e-3,
    weightDecay: 0.1,
    momentum: 0.95,
    nesterov: true,
    nsCoefficients: [3.4445, -4.775, 2.0315],
    eps: 1e-7,
    nsSteps: 5,
    adjustLrFn: null,
  },
  shaped: true,
  state: () => ({ momentum_buffer: 0 }),
  check({ nsSteps }, shapes) {
    checkOption("Muon", "nsSteps", nsSteps, 1, 100);
    const other = shapes.find((shape) => shape.length !== 2);
    if (other)
      throw new ShapeError(
        `Muon: takes matrices only, got ${show(other)}. Give embeddings, biases and norms to another optimizer, such as AdamW`,
      );
  },
  decay: () => "decoupled",
  update({ parameter, gradient, state, lr, momentum, options }) {
    const buffer = averaged(state.momentum_buffer, momentum, gradient);
    const mixed = options.nesterov ? averaged(buffer, momentum, gradient) : buffer;
    const direction = orthogonalized(mixed, options.nsCoefficients, options.nsSteps, options.eps);
    const scale = scaleOf(parameter.shape, options.adjustLrFn);
    return {
      parameter: sub(parameter, mul(direction, mul(lr, scale))),
      state: { momentum_buffer: buffer },
    };
  },
};

/**
 * Momentum whose matrix is made orthogonal before each step (Jordan et al. 2024), for the weights of hidden layers. PyTorch
 * iterates in half precision; here the parameters' own is kept.
 */
export class Muon extends Optimizer<MuonOptions, "momentum_buffer"> {
  constructor(parameters: Parameters<MuonOptions>, options: Partial<MuonOptions> = {}) {
    super(muon, parameters, options);
  }
}
