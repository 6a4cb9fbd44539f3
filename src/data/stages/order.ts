import { indexedStage, type IndexedStage, type StageText } from "./stage.ts";

/**
 * The elements at other positions: a shuffle, a cut, a sample.
 * @param order for an epoch, the position of the element to give at each.
 */
export function orderStage<T>(
  input: IndexedStage<T>,
  text: Omit<StageText, "inputs">,
  length: number,
  order: (epoch: number) => (index: number) => number,
): IndexedStage<T> {
  return indexedStage(
    { ...text, inputs: [input] },
    length,
    (epoch) => {
      const place = order(epoch);
      const { get, stacked } = input.at(epoch);
      return {
        get: (index) => get(place(index)),
        ...(stacked && { stacked: (indices) => stacked(Array.from(indices, place)) }),
      };
    },
    { parallel: input.parallel },
  );
}
