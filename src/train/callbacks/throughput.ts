import { now } from "#platform";
import type { Callback } from "../callback.ts";

/** How fast an epoch went. */
export interface ThroughputRecord {
  readonly epoch: number;
  readonly examplesPerSecond: number;
  /** From one step's end to the next one's, data and callbacks included: the median, and what one step in twenty took longer than. */
  readonly millisecondsPerStep: number;
  readonly slowMillisecondsPerStep: number;
}

/** How many steps are kept to tell medians from: the last ones of an epoch. */
const KEPT = 4096;

/** Measures how fast training goes: examples a second and the latency of steps, a record for each epoch. */
export function throughputMonitor(): Callback & { readonly records: readonly ThroughputRecord[] } {
  const records: ThroughputRecord[] = [];
  const times = new Float64Array(KEPT);
  let [count, last] = [0, 0];
  return {
    name: "throughputMonitor",
    records,
    beginEpoch() {
      [count, last] = [0, now()];
    },
    endStep() {
      const time = now();
      times[count++ % KEPT] = time - last;
      last = time;
    },
    endEpoch(_, { epoch, examplesPerSecond }) {
      const sorted = times.slice(0, Math.min(count, KEPT)).sort();
      const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
      records.push({
        epoch,
        examplesPerSecond,
        millisecondsPerStep: at(0.5),
        slowMillisecondsPerStep: at(0.95),
      });
    },
  };
}
