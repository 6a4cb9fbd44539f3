/** Timing: medians of many runs after warm-up. */

export interface Timing {
  readonly medianMs: number;
  readonly bestMs: number;
  /** Wall time of the first run, compilation included. */
  readonly firstMs: number;
}

const SAMPLES = 15;
const WARM_UP_MS = 1500;
const BATCH_MS = 2;

/**
 * Times a step: runs it until engines have settled (1.5 s, at least 10 runs), then takes the median of 15 samples, each long
 * enough (2 ms) for the clock.
 */
export function measure(step: () => void): Timing {
  const begin = performance.now();
  step();
  const firstMs = performance.now() - begin;
  let runs = 0;
  const warm = performance.now();
  while (performance.now() - warm < WARM_UP_MS || runs < 10) {
    step();
    runs++;
  }
  const each = (performance.now() - warm) / runs;
  const batch = Math.max(1, Math.ceil(BATCH_MS / each));
  const samples: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    const t = performance.now();
    for (let k = 0; k < batch; k++) step();
    samples.push((performance.now() - t) / batch);
  }
  samples.sort((a, b) => a - b);
  return { medianMs: samples[SAMPLES >> 1]!, bestMs: samples[0]!, firstMs };
}
