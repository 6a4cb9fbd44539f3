import { knownOptions } from "../core/knownOptions.ts";
import { ArgumentError, FormatError } from "../core/errors.ts";
import { withGradientMode } from "../graph/op.ts";
import { cast, exp, log, sqrt } from "../graph/ops/unary.ts";
import { assign } from "../tensor/assign.ts";
import { loadAll, type Cell } from "../tensor/cell.ts";
import { add, mul } from "../tensor/functional/arithmetic.ts";
import { normal } from "../tensor/functional/random.ts";
import type { Parameter } from "../tensor/parameter.ts";
import { nextKey } from "../tensor/random.ts";
import { scalarCell } from "./group.ts";

export interface GradientNoiseOptions {
  /** The variance at first, σ²: 0.01 by default. */
  readonly variance?: number | undefined;
  /** How fast it falls, 0.55 by default. */
  readonly gamma?: number | undefined;
}

/**
 * Adds normal noise of variance σ² / (1 + t)^γ to gradients, with t counting from 0 (Neelakantan et al. 2015): a regularizer
 * that lets go with time.
 * @example
 * const noise = new optim.GradientNoise(model.parameters());
 * loss.backward(); noise.add(); optimizer.step();
 */
export class GradientNoise {
  readonly #gradients: readonly Cell[];
  readonly #variance: number;
  readonly #gamma: number;
  readonly #count: Cell;

  /** @throws ArgumentError for a variance below 0. */
  constructor(parameters: Iterable<Parameter>, options: GradientNoiseOptions = {}) {
    knownOptions("GradientNoise", options, { variance: true, gamma: true });
    const { variance = 0.01, gamma = 0.55 } = options;
    if (!(variance >= 0)) throw new ArgumentError(`GradientNoise: the variance must be 0 or more, got ${variance}`);
    this.#gradients = [...parameters].map(({ cell }) => cell.gradient);
    this.#variance = variance;
    this.#gamma = gamma;
    this.#count = scalarCell(0, "f32", "GradientNoise.step");
  }

  /** Adds the noise of one step to the gradients that exist, inside a traced function as part of it. */
  add(): void {
    withGradientMode(false, () => {
      const next = add(this.#count.leaf(), 1);
      const deviation = mul(sqrt(exp(mul(log(next), -this.#gamma))), Math.sqrt(this.#variance));
      const noisy = this.#gradients
        .filter((cell) => !cell.empty)
        .map((cell) => {
          const noise = mul(normal(nextKey(), cell.shape), deviation);
          return { cell, value: add(cell.leaf(), cast(noise, cell.dtype)) };
        });
      assign([...noisy, { cell: this.#count, value: next }]);
    });
  }

  /** To be awaited on devices that answer later (GPUs), before `stateDict` is asked for. */
  ready(): void | Promise<void> {
    return loadAll([this.#count]);
  }

  /** How many steps had noise. */
  stateDict(): { readonly step: number } {
    return { step: this.#count.snapshot()[0]! };
  }

  /** Goes on where `stateDict` was taken. Throws FormatError for a step that is no whole number of 0 or more. */
  loadStateDict({ step }: { readonly step: number }): void {
    if (!(Number.isInteger(step) && step >= 0))
      throw new FormatError(`GradientNoise: the state's step must be a whole number of 0 or more, got ${step}`);
    this.#count.set(Float32Array.of(step));
  }
}
