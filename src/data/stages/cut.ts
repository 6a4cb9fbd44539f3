import { orderStage } from "./order.ts";
import { isIndexed, streamStage, type Stage, type Stream } from "./stage.ts";

/** The first `count` elements. */
export function takeStage<T>(input: Stage<T>, count: number): Stage<T> {
  const text = { name: "take", about: `${count}` };
  const length = input.length === undefined ? (count === 0 ? 0 : undefined) : Math.min(count, input.length);
  if (isIndexed(input)) return orderStage(input, text, length!, () => (index) => index);
  return streamStage({ ...text, inputs: [input] }, length, async function* (epoch, from): Stream<T> {
    let left = count - from;
    if (left <= 0) return;
    for await (const element of input.open(epoch, from)) {
      yield element;
      // Before the next element is asked for: it may take time, or never come.
      if (--left === 0) return;
    }
  });
}

/** All but the first `count` elements. */
export function skipStage<T>(input: Stage<T>, count: number): Stage<T> {
  const text = { name: "skip", about: `${count}` };
  const length = input.length === undefined ? undefined : Math.max(0, input.length - count);
  if (isIndexed(input)) return orderStage(input, text, length!, () => (index) => count + index);
  return streamStage({ ...text, inputs: [input] }, length, (epoch, from) => input.open(epoch, count + from));
}

/** Every `count`-th element, from position `which` on. */
export function shardStage<T>(input: Stage<T>, count: number, which: number): Stage<T> {
  const text = { name: "shard", about: `${which} of ${count}` };
  const length = input.length === undefined ? undefined : Math.max(0, Math.ceil((input.length - which) / count));
  if (isIndexed(input)) return orderStage(input, text, length!, () => (index) => which + count * index);
  return streamStage({ ...text, inputs: [input] }, length, async function* (epoch, from): Stream<T> {
    let index = 0;
    for await (const element of input.open(epoch, which + count * from)) if (index++ % count === 0) yield element;
  });
}
