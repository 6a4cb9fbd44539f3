/** Rates along a cosine. */
import { knownOptions } from "../../core/knownOptions.ts";
import { atLeast, type Schedule } from "./schedule.ts";

/** From 1 to 0 along half a cosine, and back. */
const wave = (share: number): number => (1 + Math.cos(Math.PI * share)) / 2;

/**
 * Half a cosine from the base down to `minimum` (0 by default) at epoch `length`, and back: Loshchilov and Hutter 2017,
 * PyTorch's CosineAnnealingLR.
 */
export function cosineAnnealing(options: { readonly length: number; readonly minimum?: number }): Schedule {
  knownOptions("cosineAnnealing", options, { length: true, minimum: true });
  const { length, minimum = 0 } = options;
  atLeast("cosineAnnealing", "length", length, 1);
  return (base, epoch) => minimum + (base - minimum) * wave(epoch / length);
}

/**
 * Half a cosine from the base down to base · `alpha` (0 by default) at epoch `length`, and there it stays: Keras's
 * CosineDecay. With `warmup` it first goes in a straight line from the base to `warmup.target` at epoch `warmup.length`,
 * and decays from there.
 */
export function cosineDecay(options: {
  readonly length: number;
  readonly alpha?: number;
  readonly warmup?: { readonly target: number; readonly length: number };
}): Schedule {
  knownOptions("cosineDecay", options, { length: true, alpha: true, warmup: true });
  const { length, alpha = 0, warmup } = options;
  atLeast("cosineDecay", "length", length, Number.MIN_VALUE);
  return (base, epoch) => {
    const [top, begin] = warmup ? [warmup.target, warmup.length] : [base, 0];
    if (epoch < begin) return base + (top - base) * (epoch / begin);
    return top * ((1 - alpha) * wave(Math.min(1, (epoch - begin) / length)) + alpha);
  };
}

/**
 * Cosines one after another, each `growth` times as long as the last (1 by default) and starting `decay` times as high (1 by
 * default), the first one of `length` epochs: PyTorch's CosineAnnealingWarmRestarts with the floor `minimum`, and Keras's
 * CosineDecayRestarts (growth 2 by default there) with the floor base · `alpha`.
 */
export function warmRestarts(options: {
  readonly length: number;
  readonly growth?: number;
  readonly decay?: number;
  readonly minimum?: number;
  readonly alpha?: number;
}): Schedule {
  knownOptions("warmRestarts", options, { length: true, growth: true, decay: true, minimum: true, alpha: true });
  const { length, growth = 1, decay = 1, minimum = 0, alpha = 0 } = options;
  atLeast("warmRestarts", "length", length, Number.MIN_VALUE);
  atLeast("warmRestarts", "growth", growth, 1);
  return (base, epoch) => {
    let [restarts, begin, own] = [0, 0, length];
    if (growth === 1) [restarts, begin] = [Math.floor(epoch / length), Math.floor(epoch / length) * length];
    else
      while (epoch >= begin + own) {
        begin += own;
        own *= growth;
        restarts++;
      }
    const floor = minimum + alpha * base;
    return floor + (base - floor) * decay ** restarts * wave((epoch - begin) / own);
  };
}
