import { RunningNorm, type RunningNormOptions } from "./runningNorm.ts";

/** Neither scale and shift nor running statistics are there unless asked for, as in PyTorch. */
export type InstanceNormOptions = RunningNormOptions;

/**
 * Every channel of every example of [n, c, length] brought to mean 0 and variance 1 alone: Ulyanov et al. 2016. With
 * `trackRunningStats`, running statistics take their place when not training.
 */
export class InstanceNorm1d extends RunningNorm {
  constructor(features: number, options: InstanceNormOptions = {}) {
    super([3], "example", features, options);
  }
}

/** `InstanceNorm1d` for images [n, c, h, w]. */
export class InstanceNorm2d extends RunningNorm {
  constructor(features: number, options: InstanceNormOptions = {}) {
    super([4], "example", features, options);
  }
}

/** `InstanceNorm1d` for volumes [n, c, d, h, w]. */
export class InstanceNorm3d extends RunningNorm {
  constructor(features: number, options: InstanceNormOptions = {}) {
    super([5], "example", features, options);
  }
}
