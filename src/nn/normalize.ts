/** Values brought to mean 0 and variance 1: what the norms share. f16 and bf16 are computed in f32. */
import type { Node } from "../graph/node.ts";
import { add, mul, sub } from "../tensor/functional/arithmetic.ts";
import { withGradient } from "../tensor/functional/custom.ts";
import { rsqrt } from "../tensor/functional/elementary.ts";
import { inSingle, toFloat } from "../tensor/functional/operands.ts";
import { mean, variance } from "../tensor/functional/reductions.ts";

/** (x − mean) / √(variance + ε) over axes. Gradient r·(g − mean(g) − y·mean(g·y)), where r = 1 / √(variance + ε). */
export function normalize(input: Node, axes: readonly number[], eps: number): Node {
  const rate = (x: Node): Node => rsqrt(add(variance(x, axes, true, 0), eps));
  return inSingle(toFloat(input), (value) =>
    withGradient(
      "normalize",
      [value],
      () => mul(sub(value, mean(value, axes, true)), rate(value)),
      (g, y, [x]) => {
        const projected = sub(sub(g, mean(g, axes, true)), mul(y, mean(mul(g, y), axes, true)));
        return [mul(projected, rate(x!))];
      },
    ),
  );
}

/** x / √(mean(x²) + ε) over axes. Gradient r·(g − y·mean(g·y)), where r = 1 / √(mean(x²) + ε). */
export function normalizeScale(input: Node, axes: readonly number[], eps: number): Node {
  const rate = (x: Node): Node => rsqrt(add(mean(mul(x, x), axes, true), eps));
  return inSingle(toFloat(input), (value) =>
    withGradient(
      "normalizeScale",
      [value],
      () => mul(value, rate(value)),
      (g, y, [x]) => [mul(sub(g, mul(y, mean(mul(g, y), axes, true))), rate(x!))],
    ),
  );
}
