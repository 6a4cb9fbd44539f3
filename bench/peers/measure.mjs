// Timing of peers: as of Myelin's own workloads, for steps that may need waiting for and that may take many seconds.

/** @typedef {() => void | Promise<void>} Step Does the work once, and waits for it. */
/** @typedef {Readonly<Record<string, () => Step>>} Workloads */

const SAMPLES = 15;
const FEWEST_SAMPLES = 3;
const WARM_UP_MS = 1500;
const WARM_UP_RUNS = 10;
const BATCH_MS = 2;
/** A slow step is warmed up and sampled fewer times, so that neither takes much longer than this. */
const PATIENCE_MS = 12_000;

/**
 * Runs a step until the engine has settled (1.5 s and 10 runs), then takes 15 samples of at least 2 ms each. Of a step of
 * seconds there are fewer of both, but never fewer than 3 samples.
 * @param {Step} step
 * @returns {Promise<{ medianMs: number, bestMs: number, firstMs: number }>}
 */
export async function measure(step) {
  const firstMs = await time(step, 1);
  const begin = performance.now();
  let runs = 0;
  let passed = 0;
  while ((passed < WARM_UP_MS || runs < WARM_UP_RUNS) && passed < PATIENCE_MS) {
    await step();
    runs++;
    passed = performance.now() - begin;
  }
  const each = passed / runs;
  const batch = Math.max(1, Math.ceil(BATCH_MS / each));
  const samples = Math.max(FEWEST_SAMPLES, Math.min(SAMPLES, Math.floor(PATIENCE_MS / each)));
  /** @type {number[]} */
  const times = [];
  for (let i = 0; i < samples; i++) times.push(await time(step, batch));
  times.sort((a, b) => a - b);
  return { medianMs: round(times[samples >> 1] ?? NaN), bestMs: round(times[0] ?? NaN), firstMs: round(firstMs) };
}

/**
 * @param {Step} step
 * @param {number} times
 */
async function time(step, times) {
  const begin = performance.now();
  for (let i = 0; i < times; i++) {
    // Not awaited where there is nothing to wait for: a turn of the event loop would count against a short step.
    const waiting = step();
    if (waiting) await waiting;
  }
  return (performance.now() - begin) / times;
}

/** @param {number} x */
const round = (x) => Number(x.toPrecision(4));
