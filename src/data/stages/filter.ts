import type { Place } from "../indexed.ts";
import { isPromise } from "../ordered.ts";
import { failure, fromStart, streamStage, type Stage, type Stream } from "./stage.ts";

/** The elements for which a function is true. How many are before a position only the function can say: a resumed epoch calls it again. */
export function filterStage<T>(
  input: Stage<T>,
  keep: (element: T, place: Place) => unknown,
  name: string = "filter",
  about: string = "",
): Stage<T> {
  const text = { name, about, inputs: [input] };
  return streamStage(
    text,
    input.length === 0 ? 0 : undefined,
    fromStart(async function* (epoch): Stream<T> {
      let index = 0;
      for await (const element of input.open(epoch, 0)) {
        const place = { epoch, index: index++ };
        let kept: unknown;
        try {
          kept = keep(element, place);
          if (isPromise(kept)) kept = await kept;
        } catch (error) {
          throw failure(text, place, error);
        }
        if (kept) yield element;
      }
    }),
  );
}
