/** The global random state: a seed and a counter that every draw advances. */
import { ArgumentError } from "../core/errors.ts";
import { setHostSeed } from "../core/random.ts";
import type { Node } from "../graph/node.ts";
import { add, mul } from "../graph/ops/binary.ts";
import { fill, input, iota } from "../graph/ops/leaf.ts";
import { assign } from "./assign.ts";
import { Cell, loadAll } from "./cell.ts";
import { currentDevice, deviceNamed } from "./engine.ts";
import { currentTrace, outsideTraces, type Trace } from "./trace.ts";
import { Value } from "./value.ts";

/** The next key. A cell, so that every call of a traced function goes on where the last one ended. */
let state: Cell | undefined;

/** The same two words on the host, so that no device has to be asked for them; undefined where only the device knows. */
let words: Uint32Array | undefined;

/** Whether the state is on the current device, which may be another one of the same name. */
const isHere = (): boolean => state?.memory.device === deviceNamed(currentDevice());

function stateHere(): Cell {
  if (!isHere()) outsideTraces(() => setState(state ? randomState() : new Uint32Array(2)));
  return state!;
}

function setState(next: Uint32Array): void {
  if (!isHere()) state = new Cell([2], "u32", { label: "random state" });
  state!.set(next);
  words = next;
}

/**
 * Starts all random numbers over: equal seeds give equal numbers from here on. That is tensors' own (initial weights,
 * dropout, noise) and the seed of all that is drawn from data and names none: shuffles, splits, samplers, augmentation.
 */
export function manualSeed(value: number): void {
  if (!Number.isSafeInteger(value))
    throw new ArgumentError(`manualSeed: the seed must be a whole number, got ${value}`);
  setState(new Uint32Array([value, 0]));
  setHostSeed(value);
}

/** The state of the random numbers, two words: given to `setRandomState`, they go on from here. */
export function randomState(): Uint32Array {
  return (words ??= (state ?? stateHere()).snapshot() as Uint32Array).slice();
}

/** To be awaited before `randomState`, where it returns a promise: only a device that answers later knows the state. */
export function readyRandomState(): void | Promise<void> {
  if (!words && state) return loadAll([state]);
}

/** Goes on from a state that `randomState` gave. */
export function setRandomState(next: ArrayLike<number>): void {
  setState(Uint32Array.from(next));
}

/** Keys given out in a trace, counted from the state at its start, and the state after them. */
const draws = new WeakMap<Trace, { readonly first: Node; count: number; last: Node }>();

/** A key that was never given out since the last seed: u32 [2]. The same keys come traced and untraced. */
export function nextKey(): Node {
  const cell = stateHere();
  const trace = currentTrace();
  const after = (first: Node, count: number): Node => add(first, mul(iota([2], 0, "u32"), fill([2], count, "u32")));
  if (trace) {
    const { first, count } = draws.get(trace) ?? { first: cell.read(), count: 0 };
    const last = after(first, count + 1);
    draws.set(trace, { first, count: count + 1, last });
    assign([{ cell, value: last }]);
    return count === 0 ? first : after(first, count);
  }
  if (!words && !cell.known()) {
    const key = cell.read();
    assign([{ cell, value: after(key, 1) }]);
    return key;
  }
  const key = randomState();
  setState(advanced(key, 1));
  return input([2], "u32", new Value(key, [2], "u32", false, cell.device));
}

const advanced = ([seed, count]: Uint32Array, by: number): Uint32Array => new Uint32Array([seed!, count! + by]);

/** How many keys a traced function gives out in each call; undefined where that depends on data. */
export function drawsIn(trace: Trace): number | undefined {
  const drawn = draws.get(trace);
  if (!drawn) return 0;
  return trace.cells.get(stateHere())?.now === drawn.last ? drawn.count : undefined;
}

/** Says that a traced function has run which gives out so many keys. */
export function noteDraws(count: number | undefined): void {
  if (count !== 0) words = words && count ? advanced(words, count) : undefined;
}
