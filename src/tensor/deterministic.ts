/** Results that depend on seeds alone. */
import { currentDevice, deviceNamed, deviceTier, fixTier } from "./engine.ts";
import { manualSeed } from "./random.ts";

/** What `deterministic` found and did. */
export interface Determinism {
  readonly device: string;
  /** What all programs run as from now on: "native", "wasm". */
  readonly tier: string;
  /** True where programs used to move from one kind of code to another after some runs, so that last digits depended on how often one ran. */
  readonly changed: boolean;
  /** What that costs, for people. */
  readonly cost: string;
  /** On what results still depend, for people. */
  readonly dependsOn: readonly string[];
  toString(): string;
}

/**
 * Makes results on this machine a function of seeds and of nothing else, and says what that costs. Sums are split and added up
 * in an order that shapes alone decide, on every device and with any number of threads; random numbers are counted. What is
 * left to do is this: the device "cpu" runs a program as WebAssembly at first and as machine code from its fourth run on, and
 * the two may differ in last digits. From now on every program starts as what it would become.
 *
 * @param options.seed also starts all random numbers over, see `manualSeed`.
 * @example
 * console.log(`${deterministic({ seed: 42 })}`);
 */
export function deterministic({ seed }: { readonly seed?: number | undefined } = {}): Determinism {
  const device = currentDevice();
  const moves = deviceNamed(device).fixTier !== undefined;
  const before = deviceTier(device);
  const tier = fixTier(before, device);
  if (seed !== undefined) manualSeed(seed);
  const changed = moves && tier === "native";
  const cost = changed
    ? "a program's first run waits until its machine code is compiled (the next process finds it in the cache); later runs are as fast as ever"
    : "nothing: programs run as one kind of code anyway";
  const { vectorBits = 0 } = deviceNamed(device);
  const dependsOn = [
    "the seeds",
    "the version of Myelin",
    ...(vectorBits ? [`vectors of ${vectorBits} bits`] : []),
    ...(tier === "native" ? ["the C compiler"] : []),
  ];
  return {
    device,
    tier,
    changed,
    cost,
    dependsOn,
    toString: () => `${device} runs as ${tier}. It costs ${cost}. Results depend on ${dependsOn.join(", ")}.`,
  };
}
