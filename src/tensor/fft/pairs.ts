import { ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { Tensor } from "../tensor.ts";

/** Throws ShapeError unless the last axis is a pair. */
export function checkPairs(op: string, z: Tensor): void {
  if (z.shape[z.rank - 1] !== 2)
    throw new ShapeError(
      `${op}: complex numbers are pairs in a last axis of size 2, got ${show(z.shape)}. Use complex.of(real, imaginary)`,
    );
}
