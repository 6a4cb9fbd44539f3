/** Metrics of probabilities and logits, batch after batch. */
import { wholeNumber } from "../../core/wholeNumber.ts";
import { crossEntropy } from "../../nn/losses/crossEntropy.ts";
import { matched } from "../../nn/losses/reduction.ts";
import { checkKnownLabels } from "../../nn/losses/known.ts";
import { full, ones } from "../../tensor/create.ts";
import { widestFloat } from "../../tensor/engine.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Metric, sideBySide } from "./metric.ts";

function checkBins(op: string, bins: number): void {
  wholeNumber(op, "the number of bins", bins, 1);
}

export interface AucOptions {
  /** "ROC" (the default), or "PR": average precision. */
  readonly curve?: "ROC" | "PR" | undefined;
  /** Into how many equal bins of [0, 1] probabilities fall, 1000 by default; those in one bin count as equal. */
  readonly bins?: number | undefined;
}

/** The area under the curve of probabilities of a "yes" against labels of 0 and 1. `rocAucScore` of whole arrays has no bins. */
export class AUC extends Metric {
  constructor({ curve = "ROC", bins = 1000 }: AucOptions = {}) {
    checkBins("auc", bins);
    super(
      "auc",
      (outputs, targets) => {
        matched("auc", outputs, targets);
        checkKnownLabels("auc", targets.node, 2);
        const at = outputs
          .reshape([-1])
          .float()
          .mul(bins)
          .floor()
          .clamp(0, bins - 1)
          .int();
        const hot = at.oneHot(bins);
        const yes = targets.reshape([-1, 1]).float();
        const positives = hot.mul(yes).sum(0);
        return sideBySide(positives, hot.sum(0).sub(positives));
      },
      (sums) => (curve === "ROC" ? rocArea(sums, bins) : averagePrecision(sums, bins)),
    );
  }
}

function rocArea(sums: Float64Array, bins: number): number {
  let [above, negatives, area] = [0, 0, 0];
  for (let bin = bins - 1; bin >= 0; bin--) {
    const [yes, no] = [sums[bin]!, sums[bins + bin]!];
    area += no * (above + yes / 2);
    above += yes;
    negatives += no;
  }
  return area / (above * negatives);
}

function averagePrecision(sums: Float64Array, bins: number): number {
  let [yes, all, sum] = [0, 0, 0];
  for (let bin = bins - 1; bin >= 0; bin--) {
    yes += sums[bin]!;
    all += sums[bin]! + sums[bins + bin]!;
    if (sums[bin]! > 0) sum += (sums[bin]! * yes) / all;
  }
  return sum / yes;
}

/** e to the power of the mean cross-entropy of logits [..., tokens] and labels [...], those of `ignoreIndex` left out. */
export class Perplexity extends Metric {
  constructor(ignoreIndex?: number) {
    super(
      "perplexity",
      (outputs, targets) => {
        const counted = ignoreIndex === undefined ? ones([1]) : targets.ne(ignoreIndex);
        const count = ignoreIndex === undefined ? full([1], targets.size) : counted.sum();
        return sideBySide(crossEntropy(outputs, targets, { reduction: "sum", ignoreIndex }), count);
      },
      ([loss, count]) => Math.exp(loss! / count!),
    );
  }
}

/** (p − y)² of probabilities of a "yes" and labels of 0 and 1, averaged. */
export class Brier extends Metric {
  constructor() {
    super(
      "brier",
      (outputs, targets) => {
        matched("brier", outputs, targets);
        const dtype = widestFloat();
        const distance = outputs.cast(dtype).sub(targets.cast(dtype));
        return sideBySide(distance.square().sum(), full([1], outputs.size));
      },
      ([sum, count]) => sum! / count!,
    );
  }
}

/** The mean distance of confidence from accuracy in bins of confidence, of probabilities [..., classes] and labels [...]. */
export class ExpectedCalibrationError extends Metric {
  constructor(bins: number = 10) {
    checkBins("expectedCalibrationError", bins);
    super(
      "expectedCalibrationError",
      (outputs, targets) => {
        checkKnownLabels("expectedCalibrationError", targets.node, outputs.shape[outputs.rank - 1]!);
        const confidence = outputs.max(-1).reshape([-1, 1]);
        const right = outputs.argmax(-1).eq(targets.int()).float().reshape([-1, 1]);
        const bin = confidence
          .mul(bins)
          .ceil()
          .sub(1)
          .clamp(0, bins - 1)
          .int()
          .reshape([-1]);
        const hot = bin.oneHot(bins);
        const sums = (each: Tensor): Tensor => hot.mul(each).sum(0);
        return sideBySide(hot.sum(0), sums(confidence), sums(right));
      },
      (sums) => {
        let [error, count] = [0, 0];
        for (let bin = 0; bin < bins; bin++) {
          error += Math.abs(sums[bins + bin]! - sums[2 * bins + bin]!);
          count += sums[bin]!;
        }
        return error / count;
      },
    );
  }
}
