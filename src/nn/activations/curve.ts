import { ArgumentError } from "../../core/errors.ts";
import { grad } from "../../tensor/autodiff.ts";
import { linspace } from "../../tensor/create.ts";
import { onHost } from "../../tensor/engine.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** A function of one number at evenly spaced places, with its slope there. */
export interface Curve {
  readonly x: Float64Array;
  readonly value: Float64Array;
  readonly slope: Float64Array;
}

/**
 * What to plot of an activation: values and derivatives (by automatic differentiation) at `points` places from `from` to `to`; 200 from −5
 * to 5 by default. Computed in f64.
 * @throws ArgumentError for fewer than two points.
 */
export function activationCurve(
  activation: (x: Tensor) => Tensor,
  { from = -5, to = 5, points = 200 }: { readonly from?: number; readonly to?: number; readonly points?: number } = {},
): Curve {
  if (!Number.isInteger(points) || points < 2)
    throw new ArgumentError(`activationCurve: points must be a whole number of 2 or more, got ${points}`);
  return onHost(() => {
    const x = linspace(from, to, points, { dtype: "f64" });
    const slope = grad((v: Tensor) => activation(v).sum())(x);
    const read = (t: Tensor): Float64Array => Float64Array.from(t.dataSync());
    return { x: read(x), value: read(activation(x)), slope: read(slope) };
  });
}
