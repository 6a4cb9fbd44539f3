/** Metrics of classes, batch after batch. Outputs come before labels here, as in losses. */
import { isFloat } from "../../core/dtype.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { sameShape, show } from "../../core/shape.ts";
import { wholeNumber } from "../../core/wholeNumber.ts";
import { checkKnownLabels } from "../../nn/losses/known.ts";
import { full } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import * as counts from "./counts.ts";
import type { AverageOptions, Confusion, KappaWeights } from "./counts.ts";
import { Metric, sideBySide } from "./metric.ts";

export interface ClassOptions {
  /** How many classes there are; read off the outputs where those are scores, 2 where they are probabilities of a "yes". */
  readonly classes?: number | undefined;
  /** Where a probability of a "yes" counts as one: above this, 0.5 by default. For logits it is 0. */
  readonly threshold?: number | undefined;
  /** Whether a probability at the threshold itself is a "yes" too, false by default. */
  readonly inclusive?: boolean | undefined;
}

interface Classified {
  readonly labels: Tensor;
  readonly predictions: Tensor;
  readonly classes: number;
}

/**
 * Right and predicted classes: of scores [..., classes] with integer labels [...], of probabilities of a "yes" with labels of 0 and 1 in
 * the same shape, or of predicted classes (integers).
 */
function classified(op: string, outputs: Tensor, targets: Tensor, options: ClassOptions): Classified {
  const rows = outputs.shape.slice(0, -1);
  if (isFloat(outputs.dtype) && sameShape(rows, targets.shape) && outputs.rank > 0) {
    const classes = outputs.shape[outputs.rank - 1]!;
    checkKnownLabels(op, targets.node, classes);
    return { labels: targets.int(), predictions: outputs.argmax(-1), classes };
  }
  if (!sameShape(outputs.shape, targets.shape))
    throw new ShapeError(
      `${op}: outputs ${show(outputs.shape)} want labels ${show(rows)} (classes) or ${show(outputs.shape)} (0 and 1), got ${show(targets.shape)}`,
    );
  if (isFloat(outputs.dtype)) {
    const { threshold = 0.5, inclusive = false } = options;
    checkKnownLabels(op, targets.node, 2);
    const predictions = inclusive ? outputs.ge(threshold) : outputs.gt(threshold);
    return { labels: targets.int(), predictions: predictions.int(), classes: 2 };
  }
  const { classes } = options;
  if (classes === undefined)
    throw new ArgumentError(`${op}: outputs are classes, so it must be told how many: { classes: 10 }`);
  checkKnownLabels(op, targets.node, classes);
  return { labels: targets.int(), predictions: outputs.int(), classes };
}

/** The confusion matrix of a batch. Labels that name no class are errors where they are known, and count nothing in a traced step. */
function confusion(op: string, outputs: Tensor, targets: Tensor, options: ClassOptions): Tensor {
  const { labels, predictions, classes } = classified(op, outputs, targets, options);
  const rows = labels.reshape([-1]).oneHot(classes);
  const columns = predictions.reshape([-1]).oneHot(classes);
  return rows.T.matmul(columns);
}

const squared = (sums: Float64Array): Confusion => ({ classes: Math.sqrt(sums.length), counts: sums });

/** A metric that follows from the confusion matrix. */
class OfConfusion extends Metric {
  constructor(name: string, options: ClassOptions, result: (matrix: Confusion) => number) {
    super(
      name,
      (outputs, targets) => confusion(name, outputs, targets, options),
      (sums) => result(squared(sums)),
    );
  }
}

/** The part of the examples that is classified right, from 0 to 1. */
export class Accuracy extends Metric {
  constructor(options: ClassOptions = {}) {
    super(
      "accuracy",
      (outputs, targets) => {
        // Whatever the number of classes, predicted classes can be compared.
        const { labels, predictions } = classified("accuracy", outputs, targets, { classes: Infinity, ...options });
        return hits(labels.eq(predictions));
      },
      share,
    );
  }
}

/** How many of the answers are true, and how many there are. */
const hits = (right: Tensor): Tensor => sideBySide(right.sum(), full([1], right.size));
const share = (sums: Float64Array): number => sums[0]! / sums[1]!;

/** `Accuracy` of one-hot targets in the shape of the outputs [..., classes]. */
export class CategoricalAccuracy extends Metric {
  constructor() {
    super(
      "categoricalAccuracy",
      (outputs, targets) => {
        if (!sameShape(outputs.shape, targets.shape))
          throw new ShapeError(
            `categoricalAccuracy: outputs ${show(outputs.shape)} want one-hot targets of that shape, got ${show(targets.shape)}`,
          );
        return hits(outputs.argmax(-1).eq(targets.argmax(-1)));
      },
      share,
    );
  }
}

/** The part of the examples whose label is among the k highest scores [..., classes]; 5 by default. Ties count against the label. */
export class TopKAccuracy extends Metric {
  constructor(k: number = 5) {
    wholeNumber("topKAccuracy", "k", k, 1);
    super(
      "topKAccuracy",
      (outputs, targets) => {
        const { labels, classes } = classified("topKAccuracy", outputs, targets, {});
        const hot = labels.oneHot(classes);
        const own = outputs.mul(hot).sum(-1, true);
        const rank = outputs.ge(own).float().sub(hot).sum(-1);
        return hits(rank.lt(k - 0.5));
      },
      share,
    );
  }
}

/** As for arrays, but the average is "macro" by default where there are more than two classes. */
export type AveragedOptions = ClassOptions & AverageOptions;

/** One number from those of all classes. */
function averaged(op: string, matrix: Confusion, score: counts.ClassScore, options: AverageOptions): number {
  const average = options.average ?? (matrix.classes > 2 ? "macro" : "binary");
  return counts.averaged(op, matrix, score, { ...options, average });
}

/** How many of those predicted were right. */
export class Precision extends OfConfusion {
  constructor(options: AveragedOptions = {}) {
    super("precision", options, (matrix) => averaged("precision", matrix, counts.precisionOf, options));
  }
}

/** How many of those that occur were found. */
export class Recall extends OfConfusion {
  constructor(options: AveragedOptions = {}) {
    super("recall", options, (matrix) => averaged("recall", matrix, counts.recallOf, options));
  }
}

/** (1 + β²)·P·R / (β²·P + R). Throws ArgumentError unless beta is above 0. */
export class FBeta extends OfConfusion {
  constructor(beta: number, options: AveragedOptions = {}) {
    if (!(beta > 0)) throw new ArgumentError(`fBeta: beta must be above 0, got ${beta}`);
    super("fBeta", options, (matrix) => averaged("fBeta", matrix, counts.fbetaOf(beta), options));
  }
}

/** The harmonic mean of precision and recall. */
export class F1 extends OfConfusion {
  constructor(options: AveragedOptions = {}) {
    super("f1", options, (matrix) => averaged("f1", matrix, counts.fbetaOf(1), options));
  }
}

/** Intersection over union of each class, averaged ("macro" by default). */
export class MeanIoU extends OfConfusion {
  constructor(options: AveragedOptions = {}) {
    const chosen = { average: "macro", ...options } as const;
    super("meanIoU", options, (matrix) => averaged("meanIoU", matrix, counts.jaccardOf, chosen));
  }
}

/** Twice the intersection over the sum of the sizes of each class, averaged ("macro" by default). */
export class Dice extends OfConfusion {
  constructor(options: AveragedOptions = {}) {
    const chosen = { average: "macro", ...options } as const;
    super("dice", options, (matrix) => averaged("dice", matrix, counts.fbetaOf(1), chosen));
  }
}

/** The mean recall over the classes that occur. */
export class BalancedAccuracy extends OfConfusion {
  constructor(options: ClassOptions = {}) {
    super("balancedAccuracy", options, counts.balancedAccuracyOf);
  }
}

/** Agreement beyond chance. */
export class CohenKappa extends OfConfusion {
  constructor(options: ClassOptions & { readonly weights?: KappaWeights | undefined } = {}) {
    super("cohenKappa", options, (matrix) => counts.kappaOf(matrix, options.weights));
  }
}

/** The correlation of labels and predictions, from −1 to 1. */
export class MatthewsCorrelation extends OfConfusion {
  constructor(options: ClassOptions = {}) {
    super("matthewsCorrelation", options, counts.matthewsOf);
  }
}

/** The whole matrix: `matrix` gives its rows (right classes) once batches were measured; as a number it is the accuracy. */
export class ConfusionMatrix extends OfConfusion {
  constructor(options: ClassOptions = {}) {
    super("confusionMatrix", options, counts.accuracyOf);
  }

  /** Rows are right classes, columns predicted ones; empty before the first batch. */
  get matrix(): number[][] {
    const { sums } = this;
    if (!sums) return [];
    const { classes } = squared(sums);
    return Array.from({ length: classes }, (_, row) => Array.from(sums.subarray(row * classes, (row + 1) * classes)));
  }
}
