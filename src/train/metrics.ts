import { isFloat } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import { sameShape, show } from "../core/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * The part of the examples that is classified right, from 0 to 1.
 *
 * @param outputs scores of the classes, [..., classes], the largest of which counts; or classes, [...] of integers.
 * @param labels the right classes, [...] of integers.
 * @throws ShapeError when there is not one label for each example.
 */
export function accuracy(outputs: Tensor, labels: Tensor): Tensor<[]> {
  const classes = isFloat(outputs.dtype) && outputs.rank > 0 ? outputs.argmax(-1) : outputs;
  if (!sameShape(classes.shape, labels.shape))
    throw new ShapeError(
      `accuracy: outputs ${show(outputs.shape)} want labels ${show(classes.shape)}, got ${show(labels.shape)}`,
    );
  return classes.int().eq(labels.int()).float().mean() as Tensor<[]>;
}
