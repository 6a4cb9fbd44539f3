/** The global random state: a seed and a counter that every draw advances. */
import { ArgumentError } from "../core/errors.ts";
import { setHostSeed } from "../core/random.ts";
import type { Node } from "../graph/node.ts";
import { add, mul } from "../graph/ops/binary.ts";
import { fill, input, iota } from "../graph/ops/leaf.ts";
import { assign } from "./assign.ts";
import { Cell } from "./cell.ts";
import { currentDevice } from "./engine.ts";
import { currentTrace, outsideTraces, type Trace } from "./trace.ts";
import { Value } from "./value.ts";

/** The next key. A cell, so that every call of a traced function goes on where the last one ended. */
let state: Cell | undefined;

function stateHere(): Cell {
  if (state?.device === currentDevice()) return state;
  const words = state?.snapshot() ?? new Uint32Array(2);
  return (state = outsideTraces(() => Cell.of(words, [2], "u32", { label: "random state" })));
}

/**
 * Starts all random numbers over: equal seeds give equal numbers from here on. That is tensors' own (initial weights,
 * dropout, noise) and the seed of all that is drawn from data and names none: shuffles, splits, samplers, augmentation.
 */
export function manualSeed(value: number): void {
  if (!Number.isSafeInteger(value))
    throw new ArgumentError(`manualSeed: the seed must be a whole number, got ${value}`);
  stateHere().set(new Uint32Array([value, 0]));
  setHostSeed(value);
}

/** The state of the random numbers, two words: given to `setRandomState`, they go on from here. */
export function randomState(): Uint32Array {
  return stateHere().snapshot() as Uint32Array;
}

/** Goes on from a state that `randomState` gave. */
export function setRandomState(words: ArrayLike<number>): void {
  stateHere().set(Uint32Array.from(words));
}

/** Keys given out in a trace, counted from the state at its start. */
const draws = new WeakMap<Trace, { readonly first: Node; count: number }>();

/** A key that was never given out since the last seed: u32 [2]. The same keys come traced and untraced. */
export function nextKey(): Node {
  const cell = stateHere();
  const trace = currentTrace();
  if (!trace) {
    const words = cell.snapshot();
    cell.set(new Uint32Array([words[0]!, words[1]! + 1]));
    return input([2], "u32", new Value(words, [2], "u32", false, cell.device));
  }
  const drawn = draws.get(trace) ?? { first: cell.read(), count: 0 };
  draws.set(trace, drawn);
  const after = (count: number): Node => add(drawn.first, mul(iota([2], 0, "u32"), fill([2], count, "u32")));
  const key = drawn.count === 0 ? drawn.first : after(drawn.count);
  assign([{ cell, value: after(++drawn.count) }]);
  return key;
}
