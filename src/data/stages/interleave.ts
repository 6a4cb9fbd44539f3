import type { Place } from "../indexed.ts";
import type { Elements } from "./flatMap.ts";
import { failure, fromStart, streamStage, type Stage, type Stream } from "./stage.ts";

/** How `interleave` goes about it. */
export interface InterleaveOptions {
  /** How many of the sequences are open at a time, 2 by default. */
  readonly cycle?: number;
  /** How many elements of one are given before the next has its turn, 1 by default. */
  readonly block?: number;
}

/**
 * Opens a sequence for every element and gives a block of each of `cycle` in turn. Where one has ended, the next element's takes its
 * place when the place has its turn again, as in tf.data.
 */
export function interleaveStage<T, U>(
  input: Stage<T>,
  f: (element: T, place: Place) => Elements<U> | PromiseLike<Elements<U>>,
  { cycle = 2, block = 1 }: InterleaveOptions,
): Stage<U> {
  const text = { name: "interleave", about: `cycle ${cycle}, block ${block}`, inputs: [input] };
  const open = async function* (epoch: number): Stream<U> {
    const elements = input.open(epoch, 0);
    const slots = new Array<AsyncIterator<U> | Iterator<U> | undefined>(cycle).fill(undefined);
    let [index, inputEnded] = [0, false];
    /** The next element's sequence; undefined when there is none. */
    const nextSequence = async (): Promise<AsyncIterator<U> | Iterator<U> | undefined> => {
      const { done, value } = await elements.next();
      inputEnded = done === true;
      if (done) return undefined;
      const place = { epoch, index: index++ };
      try {
        const sequence = await f(value, place);
        return Symbol.asyncIterator in sequence ? sequence[Symbol.asyncIterator]() : sequence[Symbol.iterator]();
      } catch (error) {
        throw failure(text, place, error);
      }
    };
    try {
      for (let turn = 0; !inputEnded || slots.some(Boolean); turn = (turn + 1) % cycle) {
        if (!slots[turn] && !inputEnded) slots[turn] = await nextSequence();
        for (let given = 0; slots[turn] && given < block; given++) {
          const result = await slots[turn]!.next();
          if (result.done) slots[turn] = undefined;
          else yield result.value;
        }
      }
    } finally {
      await elements.return();
      for (const slot of slots) await slot?.return?.();
    }
  };
  return streamStage(text, input.length === 0 ? 0 : undefined, fromStart(open));
}
