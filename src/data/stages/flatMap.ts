import type { Place } from "../indexed.ts";
import { failure, fromStart, streamStage, type Stage, type Stream } from "./stage.ts";

/** Everything that can be gone through. */
export type Elements<T> = Iterable<T> | AsyncIterable<T>;

/** Several elements, or none, in place of each: those of one after those of the other. */
export function flatMapStage<T, U>(
  input: Stage<T>,
  f: (element: T, place: Place) => Elements<U> | PromiseLike<Elements<U>>,
  name: string = "flatMap",
): Stage<U> {
  const text = { name, inputs: [input] };
  return streamStage(
    text,
    input.length === 0 ? 0 : undefined,
    fromStart(async function* (epoch): Stream<U> {
      let index = 0;
      for await (const element of input.open(epoch, 0)) {
        const place = { epoch, index: index++ };
        let parts: Elements<U>;
        try {
          parts = await f(element, place);
        } catch (error) {
          throw failure(text, place, error);
        }
        yield* parts;
      }
    }),
  );
}
