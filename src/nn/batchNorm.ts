import { RunningNorm, type RunningNormOptions } from "./runningNorm.ts";

/** Scale, shift and running statistics are there unless switched off. */
export type BatchNormOptions = RunningNormOptions;

const withDefaults = (options: BatchNormOptions): RunningNormOptions => ({
  ...options,
  affine: options.affine ?? true,
  trackRunningStats: options.trackRunningStats ?? true,
});

/**
 * Channels of [n, c] or [n, c, length] brought to mean 0 and variance 1 over the batch, then scaled and shifted: Ioffe and
 * Szegedy 2015. Not training, running statistics take the place of the batch's.
 */
export class BatchNorm1d extends RunningNorm {
  constructor(features: number, options: BatchNormOptions = {}) {
    super([2, 3], "batch", features, withDefaults(options));
  }
}

/** `BatchNorm1d` for images [n, c, h, w]. */
export class BatchNorm2d extends RunningNorm {
  constructor(features: number, options: BatchNormOptions = {}) {
    super([4], "batch", features, withDefaults(options));
  }
}

/** `BatchNorm1d` for volumes [n, c, d, h, w]. */
export class BatchNorm3d extends RunningNorm {
  constructor(features: number, options: BatchNormOptions = {}) {
    super([5], "batch", features, withDefaults(options));
  }
}
