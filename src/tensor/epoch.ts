/** Counts changes that make traces stale: freezing, parameters added or removed. */
let epoch = 0;

/** The number that traced programs are keyed by. */
export function currentEpoch(): number {
  return epoch;
}

/** Makes every traced function trace again at its next call. */
export function bumpEpoch(): void {
  epoch++;
}
