/** The global random state: a seed and a counter that every draw advances. */
import { ArgumentError } from "../core/errors.ts";
import type { Node } from "../graph/node.ts";
import { input } from "../graph/ops/leaf.ts";
import { currentDevice } from "./engine.ts";
import { Value } from "./value.ts";

let seed = 0;
let counter = 0;

/** Starts the random numbers over: equal seeds give equal numbers from here on. */
export function manualSeed(value: number): void {
  if (!Number.isSafeInteger(value))
    throw new ArgumentError(`manualSeed: the seed must be a whole number, got ${value}`);
  seed = value;
  counter = 0;
}

/** A key that was never given out since the last seed: u32 [2]. */
export function nextKey(): Node {
  const words = new Uint32Array([seed, counter++]);
  return input([2], "u32", new Value(words, [2], "u32", false, currentDevice()));
}
