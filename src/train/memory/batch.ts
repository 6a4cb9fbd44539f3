import { showBytes } from "../../core/bytes.ts";
import { ArgumentError } from "../../core/errors.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import type { Module } from "../../nn/module.ts";
import { deviceMemory } from "./device.ts";
import { estimateMemory, type EstimateOptions, type MemoryEstimate } from "./estimate.ts";

export interface BatchSearchOptions extends Omit<EstimateOptions, "batch" | "activations"> {
  /** Bytes that training may take; what the device has left by default. */
  readonly budget?: number | undefined;
  /** The largest batch that makes sense, 65536 by default. */
  readonly limit?: number | undefined;
  /** Batches are multiples of this above it, 8 by default. */
  readonly multipleOf?: number | undefined;
}

export interface FoundBatch {
  readonly batch: number;
  readonly estimate: MemoryEstimate;
  /** What was planned on the way: batch and total bytes. */
  readonly tried: readonly (readonly [batch: number, bytes: number])[];
}

/**
 * The largest batch whose training fits a budget: batches grow until their planned memory is above it, then the gap is halved.
 * Programs are planned, none runs: nothing has to fail to be found too large.
 * @param input the shape of one example.
 * @throws ArgumentError where not even one example fits.
 * @example findBatchSize(model, [3, 224, 224], { optimizer, budget: 4e9 }).batch
 */
export function findBatchSize(
  model: Module,
  input: readonly number[],
  { budget = free(), limit = 65_536, multipleOf = 8, ...options }: BatchSearchOptions = {},
): FoundBatch {
  for (const [name, value] of Object.entries({ limit, multipleOf })) wholeNumber("findBatchSize", name, value, 1);
  const tried = new Map<number, MemoryEstimate>();
  const estimateAt = (batch: number): MemoryEstimate => {
    let estimate = tried.get(batch);
    if (!estimate) tried.set(batch, (estimate = estimateMemory(model, { ...options, input, batch })));
    return estimate;
  };
  const fits = (batch: number): boolean => estimateAt(batch).total <= budget;
  if (!fits(1))
    throw new ArgumentError(
      `findBatchSize: one example needs ${showBytes(estimateAt(1).total)}, the budget is ${showBytes(budget)}. Use mixed precision, checkpointing, or a smaller model`,
    );
  let low = 1;
  let high = 2;
  while (high <= limit && fits(high)) [low, high] = [high, 2 * high];
  high = Math.min(high, limit + 1);
  // Between a batch that fits and one that does not, by steps worth having.
  const step = low >= multipleOf ? multipleOf : 1;
  while (high - low > step) {
    const middle = Math.max(low + step, Math.floor((low + high) / 2 / step) * step);
    if (middle >= high) break;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return {
    batch: low,
    estimate: estimateAt(low),
    tried: [...tried].map(([batch, { total }]) => [batch, total] as const),
  };
}

const free = (): number => {
  const { total, allocated } = deviceMemory();
  return total - allocated;
};
