/** Timing: medians of many runs after warm-up. */

export interface Timing {
  readonly medianMs: number;
  readonly bestMs: number;
  /** Wall time of the first run, compilation included. */
  readonly firstMs: number;
}

/** Does the work once; a promise where it has to be waited for. */
export type Step = () => void | Promise<unknown>;

const SAMPLES = 15;
const FEWEST_SAMPLES = 3;
const WARM_UP_MS = 1500;
const WARM_UP_RUNS = 10;
const BATCH_MS = 2;
/** A slow step is warmed up and sampled fewer times, so that neither takes much longer than this. */
const PATIENCE_MS = 12_000;
const LEAST_ROUNDS = 5;

/**
 * Times a step: runs it until engines have settled (1.5 s, at least 10 runs), then takes the median of 15 samples, each long
 * enough (2 ms) for the clock. Of a step of seconds there are fewer of both, but never fewer than 3 samples.
 */
export async function measure(step: Step): Promise<Timing> {
  const firstMs = await time(step, 1);
  const each = await settle(step);
  const batch = batchOf(each);
  const count = Math.max(FEWEST_SAMPLES, Math.min(SAMPLES, Math.floor(PATIENCE_MS / each)));
  const samples: number[] = [];
  for (let i = 0; i < count; i++) samples.push(await time(step, batch));
  samples.sort((a, b) => a - b);
  return { medianMs: samples[count >> 1]!, bestMs: samples[0]!, firstMs };
}

/**
 * Times steps in turn, once each of them has settled: in every round a sample of each, for as many milliseconds as stated and five
 * rounds at least. The least times, in milliseconds: what they are to one another holds where the machine's speed changes, too.
 */
export async function inTurn(steps: readonly Step[], forMs: number): Promise<number[]> {
  const batches: number[] = [];
  for (const step of steps) batches.push(batchOf(await settle(step, LEAST_ROUNDS)));
  const best = steps.map(() => Infinity);
  const begin = performance.now();
  for (let round = 0; round < LEAST_ROUNDS || performance.now() - begin < forMs; round++)
    for (const [i, step] of steps.entries()) {
      // A short step finds its operands in the caches as it does in a loop, not what the others left there.
      if (batches[i]! > 1) await time(step, 1);
      best[i] = Math.min(best[i]!, await time(step, batches[i]!));
    }
  return best;
}

/** Runs a step until it has settled. Returns how long it takes then, roughly, in milliseconds. */
async function settle(step: Step, leastRuns = WARM_UP_RUNS): Promise<number> {
  const begin = performance.now();
  let [runs, passed] = [0, 0];
  while ((passed < WARM_UP_MS || runs < leastRuns) && passed < PATIENCE_MS) {
    const waiting = step();
    if (waiting) await waiting;
    runs++;
    passed = performance.now() - begin;
  }
  return passed / runs;
}

/** Steps of a sample. */
const batchOf = (each: number): number => Math.max(1, Math.ceil(BATCH_MS / each));

async function time(step: Step, times: number): Promise<number> {
  const begin = performance.now();
  for (let i = 0; i < times; i++) {
    // Not awaited where there is nothing to wait for: a turn of the event loop would count against a short step.
    const waiting = step();
    if (waiting) await waiting;
  }
  return (performance.now() - begin) / times;
}
