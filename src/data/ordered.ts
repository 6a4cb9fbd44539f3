/** Applies functions that may take time to a sequence, several at a time, and gives the results in order. */
import { now } from "#platform";
import type { Window } from "./stages/window.ts";

/** True for anything that `await` would wait for. */
export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** The numbers from `start` to before `end`. */
export function* range(start: number, end: number): Generator<number, void, undefined> {
  for (let index = start; index < end; index++) yield index;
}

/**
 * Maps a sequence, with at most as many calls of `f` under way as the window says: results come in the order of the sequence, whoever
 * finishes first. With 1, an element is asked for only when the one before is done.
 */
export async function* ordered<T, U>(
  source: Iterable<T> | AsyncIterable<T>,
  f: (value: T) => U | PromiseLike<U>,
  window: Window,
): AsyncGenerator<U, void, undefined> {
  const running: (U | PromiseLike<U>)[] = [];
  for await (const value of source) {
    const result = f(value);
    // A failure is reported when its turn comes; until then it must not count as unhandled.
    if (isPromise(result)) result.then(undefined, () => undefined);
    running.push(result);
    if (running.length < window.size) continue;
    const start = window.auto ? now() : 0;
    const first = await running.shift()!;
    if (window.auto) window.hadToWait(now() - start);
    yield first;
  }
  for (const result of running) yield await result;
}
