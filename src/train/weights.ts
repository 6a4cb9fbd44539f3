/** What examples and classes count in a loss. */
import { isFloat } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { sameShape, show } from "../core/shape.ts";
import { tensor } from "../tensor/create.ts";
import { Tensor } from "../tensor/tensor.ts";

/** What classes count: a number for each in order, or by class; 1 for those that are not named. */
export type ClassWeight = readonly number[] | Readonly<Record<number, number>>;

/**
 * The mean of a loss whose examples count differently: as in Keras, each one's loss is multiplied, and the mean goes on dividing by how
 * many there are.
 * @param score called with `{ reduction: "none" }`, which all losses of the library and functions that hand it on understand.
 * @param weights [batch], or further leading axes of the loss.
 * @throws ArgumentError when the loss has no unreduced form, ShapeError when the weights do not fit.
 */
export function weighted<O, Y>(
  operation: string,
  score: (outputs: O, targets: Y) => Tensor,
  outputs: O,
  targets: Y,
  weights: Tensor,
): Tensor {
  const each = (score as (outputs: O, targets: Y, options: { reduction: "none" }) => Tensor)(outputs, targets, {
    reduction: "none",
  });
  if (each.rank === 0)
    throw new ArgumentError(
      `${operation}: weights need a loss for each example, and this loss gives one number for all; let it hand its third argument, { reduction: "none" }, on to a loss of the library`,
    );
  const leading = each.shape.slice(0, weights.rank);
  if (weights.rank === 0 || !sameShape(weights.shape, leading))
    throw new ShapeError(
      `${operation}: sample weights must have leading axes of the losses ${show(each.shape)}, got ${show(weights.shape)}; give one number for each example`,
    );
  const wide = weights.cast(each.dtype).reshape([...leading, ...each.shape.slice(leading.length).map(() => 1)]);
  return each.mul(wide).mean();
}

/** The weights of classes as a list. Throws ArgumentError for numbers that are none, or below 0. */
export function classWeights(operation: string, given: ClassWeight): readonly number[] {
  const entries = Object.entries(given).map(([name, weight]) => [Number(name), weight] as const);
  for (const [label, weight] of entries)
    if (!Number.isSafeInteger(label) || label < 0 || label > 1e6 || !(weight >= 0 && weight < Infinity))
      throw new ArgumentError(
        `${operation}: classWeight must give numbers of 0 or more for classes, such as { 0: 1, 1: 5 }, got ${weight} for ${label}`,
      );
  const weights = new Array<number>(1 + Math.max(-1, ...entries.map(([label]) => label))).fill(1);
  for (const [label, weight] of entries) weights[label] = weight;
  return weights;
}

/** What each example counts: as it was given, from its class, or the product of both; undefined where all count the same. */
export function weightsOf(
  operation: string,
  targets: unknown,
  given: Tensor | undefined,
  ofClasses: readonly number[] | undefined,
): Tensor | undefined {
  const byClass = ofClasses && weightsOfClasses(operation, targets, ofClasses);
  return given && byClass ? given.mul(byClass) : (given ?? byClass);
}

/**
 * What each example counts, from its class: f32 in the shape of the labels. For a traced step.
 * @param targets labels (integers), probabilities of classes [..., classes] (the largest counts), or floats 0 and 1: [batch] or
 * [batch, 1].
 * @throws ArgumentError for targets that name no classes.
 */
function weightsOfClasses(operation: string, targets: unknown, weights: readonly number[]): Tensor {
  if (!(targets instanceof Tensor) || targets.rank === 0)
    throw new ArgumentError(
      `${operation}: classWeight wants one tensor of labels or probabilities as targets; give batches [inputs, targets, weights] for anything else`,
    );
  const labels = isFloat(targets.dtype)
    ? targets.rank > 1 && targets.shape[targets.rank - 1]! > 1
      ? targets.argmax(-1)
      : targets.reshape([targets.shape[0]!]).round()
    : targets;
  // Labels that no weight is given for count 1.
  const known = labels.int().clamp(0, weights.length);
  return tensor([...weights, 1]).gather(known);
}
