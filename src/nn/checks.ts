/** What layers check of their sizes and inputs, with the layer's name in the message. */
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { show, type Shape } from "../core/shape.ts";
import { nodeOf } from "../tensor/operand.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Throws ArgumentError unless every size is a whole number of 1 or more. */
export function checkSizes(layer: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes))
    if (!Number.isInteger(size) || size < 1)
      throw new ArgumentError(`${layer}: ${name} must be a whole number of 1 or more, got ${size}`);
}

/** Throws ShapeError unless the last axes have these sizes. */
export function checkLast(layer: object, x: Tensor, sizes: Shape): void {
  const { shape } = nodeOf(x, layer);
  const last = shape.slice(Math.max(0, shape.length - sizes.length));
  if (last.length === sizes.length && last.every((size, i) => size === sizes[i])) return;
  const wanted = sizes.length === 1 ? `dimension must be ${sizes[0]}` : `dimensions must be ${show(sizes)}`;
  throw new ShapeError(`${layer}: the last ${wanted}, got ${show(shape)}`);
}
