import type { HostRandom } from "../core/random.ts";

/** Steps of a pipeline over elements that come one after the other, without random access. */

export async function* shuffleStream<T>(
  source: AsyncIterable<T>,
  size: number,
  random: HostRandom,
): AsyncGenerator<T, void, undefined> {
  const buffer: T[] = [];
  for await (const value of source) {
    if (buffer.length < size) {
      buffer.push(value);
      continue;
    }
    const at = random.integer(size);
    yield buffer[at]!;
    buffer[at] = value;
  }
  yield* random.shuffle(buffer);
}

export async function* takeStream<T>(source: AsyncIterable<T>, count: number): AsyncGenerator<T, void, undefined> {
  if (count === 0) return;
  let taken = 0;
  for await (const value of source) {
    yield value;
    // Before the next element is asked for: it may take time, or never come.
    if (++taken === count) return;
  }
}

export async function* skipStream<T>(source: AsyncIterable<T>, count: number): AsyncGenerator<T, void, undefined> {
  let skipped = 0;
  for await (const value of source) if (skipped++ >= count) yield value;
}

export async function* batchStream<T, U>(
  source: AsyncIterable<T>,
  size: number,
  dropLast: boolean,
  collate: (elements: T[]) => U | PromiseLike<U>,
): AsyncGenerator<U, void, undefined> {
  let elements: T[] = [];
  for await (const value of source) {
    elements.push(value);
    if (elements.length < size) continue;
    yield await collate(elements);
    elements = [];
  }
  if (elements.length > 0 && !dropLast) yield await collate(elements);
}

/** @param open opens one round after the other. */
export async function* repeatStream<T>(
  open: (round: number) => AsyncIterable<T>,
  count: number,
): AsyncGenerator<T, void, undefined> {
  for (let round = 0; round < count; round++) {
    let empty = true;
    for await (const value of open(round)) {
      empty = false;
      yield value;
    }
    // Nothing comes of repeating nothing, but for ever.
    if (empty) return;
  }
}

/**
 * Keeps the next elements under way while the reader works on one.
 * @param source must queue requests that come before the last one is answered, as generators do.
 */
export async function* prefetchStream<T>(
  source: AsyncGenerator<T, void, undefined>,
  count: number,
): AsyncGenerator<T, void, undefined> {
  const waiting: Promise<IteratorResult<T, void>>[] = [];
  const ask = (): void => {
    const next = source.next();
    // A failure is reported when its turn comes; until then it must not count as unhandled.
    next.catch(() => undefined);
    waiting.push(next);
  };
  try {
    while (waiting.length < count) ask();
    for (;;) {
      const result = await waiting.shift()!;
      if (result.done) return;
      // Before the reader gets to work, so that `count` elements are under way meanwhile.
      ask();
      yield result.value;
    }
  } finally {
    await source.return();
  }
}
