/** Metrics of numbers, batch after batch, in double precision where the device has it. Predictions come before targets here, as in losses. */
import { matched } from "../../nn/losses/reduction.ts";
import { full } from "../../tensor/create.ts";
import { where } from "../../tensor/functions.ts";
import { widestFloat } from "../../tensor/engine.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Metric, sideBySide } from "./metric.ts";
import { explained } from "./regression.ts";

/** A metric of sums over elements of a prediction p and a target y, with their count at the end. */
class OfElements extends Metric {
  constructor(
    name: string,
    sums: (p: Tensor, y: Tensor) => readonly Tensor[],
    result: (sums: Float64Array, count: number) => number,
  ) {
    super(
      name,
      (outputs, targets) => {
        matched(name, outputs, targets);
        const dtype = widestFloat();
        const parts = sums(outputs.cast(dtype), targets.cast(dtype)).map((part) => part.sum());
        return sideBySide(...parts, full([1], outputs.size, { dtype }));
      },
      (all) => result(all, all[all.length - 1]!),
    );
  }
}

const minus = (a: Tensor, b: Tensor): Tensor => a.sub(b);
const times = (a: Tensor, b: Tensor): Tensor => a.mul(b);
const mean = ([sum]: Float64Array, count: number): number => sum! / count;

/** mean |p − y| */
export class MeanAbsoluteError extends OfElements {
  constructor() {
    super("meanAbsoluteError", (p, y) => [minus(p, y).abs()], mean);
  }
}

/** mean (p − y)² */
export class MeanSquaredError extends OfElements {
  constructor() {
    super("meanSquaredError", (p, y) => [minus(p, y).square()], mean);
  }
}

/** √ of the mean of (p − y)², over all examples and not of each batch */
export class RootMeanSquaredError extends OfElements {
  constructor() {
    super(
      "rootMeanSquaredError",
      (p, y) => [minus(p, y).square()],
      (sums, count) => Math.sqrt(mean(sums, count)),
    );
  }
}

/** 100·mean |p − y| / |y|, in percent; a target of 0 counts as 2.2e-16. */
export class MeanAbsolutePercentageError extends OfElements {
  constructor() {
    super(
      "meanAbsolutePercentageError",
      (p, y) => [minus(p, y).abs().div(y.abs().maximum(Number.EPSILON)).mul(100)],
      mean,
    );
  }
}

/** 100·mean 2·|p − y| / (|p| + |y|), from 0 to 200; 0 where both are 0. */
export class SymmetricMeanAbsolutePercentageError extends OfElements {
  constructor() {
    super(
      "symmetricMeanAbsolutePercentageError",
      (p, y) => {
        const size = p.abs().add(y.abs());
        const same = size.eq(0);
        return [
          minus(p, y)
            .abs()
            .mul(200)
            .div(where(same, 1, size)),
        ];
      },
      mean,
    );
  }
}

/** The part of the targets' spread that predictions explain: 1 at best, 0 for their mean. */
export class R2 extends OfElements {
  constructor() {
    super(
      "r2",
      (p, y) => [minus(p, y).square(), y, times(y, y)],
      ([residual, sum, squares], count) => explained(residual! / count, squares! / count - (sum! / count) ** 2),
    );
  }
}

/** As `R2`, but a constant error costs nothing. */
export class ExplainedVariance extends OfElements {
  constructor() {
    super(
      "explainedVariance",
      (p, y) => [minus(p, y), minus(p, y).square(), y, times(y, y)],
      ([bias, residual, sum, squares], count) =>
        explained(residual! / count - (bias! / count) ** 2, squares! / count - (sum! / count) ** 2),
    );
  }
}

/** The mean of one number for each batch, such as a loss, every batch counting the same whatever its size. */
export class BatchMean<O = Tensor, Y = Tensor> extends Metric<O, Y> {
  constructor(score: (outputs: O, targets: Y) => Tensor) {
    super(
      "batchMean",
      (outputs, targets) => sideBySide(score(outputs, targets), full([1], 1)),
      ([sum, count]) => sum! / count!,
    );
  }
}
