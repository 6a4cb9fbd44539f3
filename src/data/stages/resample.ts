import { HostRandom, hostSeed } from "../../core/random.ts";
import { ArgumentError } from "../../core/errors.ts";
import type { Place } from "../indexed.ts";
import { failure, fromStart, streamStage, type Stage, type Stream } from "./stage.ts";

/** Which classes there are, and which there should be. */
export interface ResampleOptions {
  /** The share of each class that is wanted; any scale. */
  readonly target: readonly number[];
  /** The share of each class that the data has; by default what was seen so far in the epoch. */
  readonly initial?: readonly number[];
  /** Decides, together with the epoch, which elements are left out; that of `manualSeed` by default. */
  readonly seed?: number;
}

/** Leaves elements out at random, so that those that are left have the shares of classes that are wanted. */
export function resampleStage<T>(
  input: Stage<T>,
  classOf: (element: T, place: Place) => number,
  { target, initial, seed = hostSeed() }: ResampleOptions,
): Stage<T> {
  const text = { name: "rejectionResample", about: `target ${target.join(", ")}`, inputs: [input] };
  return streamStage(
    text,
    input.length === 0 ? 0 : undefined,
    fromStart(async function* (epoch): Stream<T> {
      const random = new HostRandom(seed, epoch);
      // As if one of each class had been seen: no share is 0.
      const seen = initial ?? target.map(() => 1);
      const counts = [...seen];
      let index = 0;
      for await (const element of input.open(epoch, 0)) {
        const place = { epoch, index: index++ };
        const which = classified(element, place);
        if (initial === undefined) counts[which]!++;
        const wanted = target.map((share, at) => (share === 0 ? 0 : share / counts[at]!));
        if (random.uniform() * Math.max(...wanted) < wanted[which]!) yield element;
      }
    }),
  );

  function classified(element: T, place: Place): number {
    try {
      const which = classOf(element, place);
      if (target[which] === undefined)
        throw new ArgumentError(
          `class ${which} is none of the ${target.length} of target; give whole numbers from 0 to ${target.length - 1}`,
        );
      return which;
    } catch (error) {
      throw failure(text, place, error);
    }
  }
}
