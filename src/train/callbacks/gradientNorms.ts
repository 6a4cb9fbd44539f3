import { knownOptions } from "../../core/knownOptions.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Callback, Run } from "../callback.ts";
import { parentOf } from "./paths.ts";

/** Norms of a step's gradients by layer: the module that has the parameters. */
export interface GradientNormRecord {
  readonly epoch: number;
  /** Steps since training began. */
  readonly step: number;
  readonly norms: Readonly<Record<string, number>>;
}

/** A layer whose gradient is out of bounds. */
export interface GradientFlag {
  readonly kind: "vanishing" | "exploding";
  readonly layer: string;
  readonly norm: number;
  readonly step: number;
}

export interface GradientNormOptions {
  /** From one look to the next, in steps; 50 by default. */
  readonly every?: number | undefined;
  /** A norm above this, or one that is not finite, explodes; 100 by default. */
  readonly exploding?: number | undefined;
  /** A norm below this share of the largest layer's vanishes; 1e-5 by default. */
  readonly vanishing?: number | undefined;
}

/**
 * Norms of the gradients of each layer (before clipping), and flags for those that vanish or explode, which are shown once for each layer.
 * The norms are computed within the step; what is read is one number a layer.
 * @throws ArgumentError for intervals that make no sense.
 */
export function gradientNorms(options: GradientNormOptions = {}): Callback & {
  readonly records: readonly GradientNormRecord[];
  readonly flags: readonly GradientFlag[];
} {
  knownOptions("gradientNorms", options, { every: true, exploding: true, vanishing: true });
  const { every = 50, exploding = 100, vanishing = 1e-5 } = options;
  wholeNumber("gradientNorms", "every", every, 1);
  const records: GradientNormRecord[] = [];
  const flags: GradientFlag[] = [];
  const told = new Set<string>();
  const judge = (norms: Readonly<Record<string, number>>, run: Run): void => {
    const largest = Math.max(...Object.values(norms).filter(Number.isFinite));
    for (const [layer, norm] of Object.entries(norms)) {
      const kind = !(norm <= exploding) ? "exploding" : norm < vanishing * largest ? "vanishing" : undefined;
      if (!kind) continue;
      flags.push({ kind, layer, norm, step: run.totalSteps });
      if (told.has(`${kind} ${layer}`)) continue;
      told.add(`${kind} ${layer}`);
      run.log(
        `step ${run.totalSteps}: the gradient of ${layer || "the model"} is ${kind}, its norm is ${norm.toPrecision(3)}`,
      );
    }
  };
  return {
    name: "gradientNorms",
    records,
    flags,
    watch: {
      every,
      trace({ model }) {
        const squares = new Map<string, Tensor>();
        for (const [path, { grad }] of model.namedParameters()) {
          if (!grad) continue;
          const layer = parentOf(path);
          const square = grad.float().square().sum();
          squares.set(layer, squares.get(layer)?.add(square) ?? square);
        }
        return Object.fromEntries([...squares].map(([layer, sum]) => [layer, sum.sqrt()]));
      },
      async see(values, run) {
        const read = Object.entries(values).map(async ([layer, norm]) => [layer, await norm.item()] as const);
        const norms = Object.fromEntries(await Promise.all(read));
        records.push({ epoch: run.epoch, step: run.totalSteps, norms });
        judge(norms, run);
      },
    },
  };
}
