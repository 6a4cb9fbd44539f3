import type { Place } from "../indexed.ts";
import { isPromise, ordered } from "../ordered.ts";
import { Meter } from "./meter.ts";
import { indexedStage, isIndexed, streamStage, worked, type Stage } from "./stage.ts";
import { wider, type Window } from "./window.ts";

/** A function applied to every element; at most as many at a time as the window says. */
export function mapStage<T, U>(
  input: Stage<T>,
  f: (element: T, place: Place) => U | PromiseLike<U>,
  window: Window,
  name: string = "map",
): Stage<U> {
  const text = { name, inputs: [input] };
  const meter = new Meter();
  const apply = (element: T, place: Place): U | PromiseLike<U> => worked(text, meter, place, () => f(element, place));
  if (isIndexed(input))
    return indexedStage(
      text,
      input.length,
      (epoch) => {
        const { get } = input.at(epoch);
        return {
          get: (index) => {
            const element = get(index);
            const place = { epoch, index };
            return isPromise(element) ? element.then((value) => apply(value, place)) : apply(element, place);
          },
        };
      },
      { meter, parallel: wider(input.parallel, window), window },
    );
  return streamStage(
    text,
    input.length,
    (epoch, from) => {
      let index = from;
      return ordered(input.open(epoch, from), (element) => apply(element, { epoch, index: index++ }), window);
    },
    { meter, window },
  );
}
