import { gather } from "./batch.ts";
import { indexedStage, isIndexed, streamStage, type Stage, type Stream } from "./stage.ts";

/** How `window` cuts. */
export interface WindowOptions {
  /** How many elements further on the next window starts; the size by default, so that windows do not overlap. */
  readonly shift?: number;
  /** From one element of a window to the next, in elements of the dataset; 1 by default. */
  readonly stride?: number;
  /** Leave out the windows at the end that are not full; false by default. */
  readonly dropRemainder?: boolean;
}

/** Lists of elements that are `stride` apart; a new list starts every `shift` elements. */
export function windowStage<T>(
  input: Stage<T>,
  size: number,
  { shift = size, stride = 1, dropRemainder = false }: WindowOptions,
): Stage<T[]> {
  const text = { name: "window", about: `${size}, shift ${shift}, stride ${stride}`, inputs: [input] };
  /** How many elements of the input a full window reaches over. */
  const reach = (size - 1) * stride + 1;
  const windows = (elements: number): number =>
    dropRemainder ? Math.max(0, Math.floor((elements - reach) / shift) + 1) : Math.ceil(elements / shift);
  if (isIndexed(input))
    return indexedStage(
      text,
      windows(input.length),
      (epoch) => {
        const { get } = input.at(epoch);
        return {
          get: (index) => {
            const start = index * shift;
            const count = Math.min(size, Math.ceil((input.length - start) / stride));
            return gather(
              get,
              Array.from({ length: count }, (_, at) => start + at * stride),
              input.parallel,
            );
          },
        };
      },
      { parallel: input.parallel },
    );
  return streamStage(
    text,
    input.length === undefined ? undefined : windows(input.length),
    async function* (epoch, from): Stream<T[]> {
      /** Elements from position `start` of the next window on. */
      let held: T[] = [];
      /** How many elements are between those that were read and the next window. */
      let gap = 0;
      const cut = (): T[] => held.slice(0, reach).filter((_, at) => at % stride === 0);
      const advance = (): void => {
        gap = Math.max(0, shift - held.length);
        held = held.slice(shift);
      };
      for await (const element of input.open(epoch, from * shift)) {
        if (gap > 0) {
          gap--;
          continue;
        }
        held.push(element);
        if (held.length < Math.max(reach, 1)) continue;
        yield cut();
        advance();
      }
      while (!dropRemainder && held.length > 0) {
        yield cut();
        advance();
      }
    },
  );
}
