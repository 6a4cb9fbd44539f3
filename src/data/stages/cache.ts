import { showBytes } from "../../core/bytes.ts";
import { isPromise } from "../ordered.ts";
import { bytesOf } from "../elementBytes.ts";
import { indexedStage, isIndexed, streamStage, type Reader, type Stage, type Stream } from "./stage.ts";

/**
 * Keeps elements in memory, so that each is made once. What is kept is the input's epoch 0, whatever epoch asks: so a part of it, kept in
 * one epoch, fits to what the next one adds.
 * @param budget bytes above which a warning is shown, once.
 */
export function memoryCacheStage<T>(input: Stage<T>, budget: number): Stage<T> {
  const text = { name: "cache", about: "memory", inputs: [input] };
  let [bytes, warned] = [0, false];
  const weigh = (element: T): void => {
    bytes += bytesOf(element);
    if (bytes <= budget || warned) return;
    warned = true;
    console.warn(
      `myelin: cache holds ${showBytes(bytes)} after a part of the data, above its budget of ${showBytes(budget)}; cache before elements grow (as bytes, before they are decoded), on disk as in cache({ folder, key }), or allow more: cache({ budget })`,
    );
  };
  if (isIndexed(input)) {
    const kept = new Map<number, T | PromiseLike<T>>();
    let reader: Reader<T> | undefined;
    const get = (index: number): T | PromiseLike<T> => {
      if (kept.has(index)) return kept.get(index)!;
      reader ??= input.at(0);
      const element = reader.get(index);
      // A promise is kept meanwhile: an element that is under way is not made again.
      kept.set(index, element);
      if (isPromise(element))
        element.then(
          (value) => {
            kept.set(index, value);
            weigh(value);
          },
          () => kept.delete(index),
        );
      else weigh(element);
      return element;
    };
    return indexedStage(text, input.length, () => ({ get }), { parallel: input.parallel });
  }
  const kept: T[] = [];
  let complete = false;
  return streamStage(text, input.length, async function* (_epoch, from): Stream<T> {
    let index = from;
    while (index < kept.length) yield kept[index++]!;
    if (complete) return;
    for await (const element of input.open(0, index)) {
      if (index === kept.length) {
        kept.push(element);
        weigh(element);
      }
      index++;
      yield element;
    }
    complete = index === kept.length;
  });
}
