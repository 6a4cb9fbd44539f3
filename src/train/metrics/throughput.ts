/** How fast a model answers, by the size of the batch. */
import { now } from "#platform";
import { ArgumentError } from "../../core/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface Throughput {
  readonly batchSize: number;
  /** The median over the repetitions. */
  readonly millisecondsPerBatch: number;
  readonly examplesPerSecond: number;
}

export interface ThroughputOptions {
  /** How often each batch is timed, 10 by default. */
  readonly repetitions?: number | undefined;
  /** How often it runs before, untimed: the first run compiles. 3 by default. */
  readonly warmUp?: number | undefined;
}

/**
 * Times a function on batches of several sizes, waiting for every result.
 * @param run such as a traced `model.forward`.
 * @param batch makes the inputs of a batch size.
 * @throws ArgumentError for sizes and repetitions that are no whole numbers of 1 or more.
 * @example await throughput(jit((x: Tensor) => model.forward(x)), (size) => randn([size, 784]), [1, 32, 256]);
 */
export async function throughput(
  run: (inputs: Tensor) => Tensor,
  batch: (size: number) => Tensor,
  sizes: readonly number[],
  { repetitions = 10, warmUp = 3 }: ThroughputOptions = {},
): Promise<Throughput[]> {
  for (const value of [...sizes, repetitions])
    if (!Number.isInteger(value) || value < 1)
      throw new ArgumentError(`throughput: sizes and repetitions must be whole numbers of 1 or more, got ${value}`);
  const rows: Throughput[] = [];
  for (const batchSize of sizes) {
    const inputs = batch(batchSize);
    const times: number[] = [];
    for (let at = 0; at < warmUp + repetitions; at++) {
      const start = now();
      await run(inputs).data();
      if (at >= warmUp) times.push(now() - start);
    }
    times.sort((a, b) => a - b);
    // A clock that stands still is given its resolution.
    const millisecondsPerBatch = Math.max(1e-3, times[times.length >> 1]!);
    rows.push({ batchSize, millisecondsPerBatch, examplesPerSecond: (1000 * batchSize) / millisecondsPerBatch });
  }
  return rows;
}
