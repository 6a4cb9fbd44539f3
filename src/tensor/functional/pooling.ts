import { isFloat } from "../../core/dtype.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { show } from "../../core/shape.ts";
import type { Node } from "../../graph/node.ts";
import { div, mul } from "../../graph/ops/binary.ts";
import { fill } from "../../graph/ops/leaf.ts";
import { maxReduce, sum } from "../../graph/ops/reduce.ts";
import { pad } from "./movement.ts";
import { expandTo, like, toFloat } from "./operands.ts";
import { geometry, perAxis, windows, type Geometry, type PerAxis } from "./windows.ts";

export interface PoolingOptions {
  /** Step between windows; the window's size by default, so that windows do not overlap. */
  readonly stride?: PerAxis | undefined;
  /** Around the input, 0 by default and at most half the window. */
  readonly padding?: PerAxis | undefined;
  /** Distance between the elements of a window, 1 by default (maxPool only). */
  readonly dilation?: PerAxis | undefined;
  /** Whether padding counts as elements of value 0 (avgPool only), true by default, as in PyTorch. */
  readonly countIncludePad?: boolean | undefined;
}

interface Pool {
  readonly sizes: readonly number[];
  readonly shape: Geometry;
  /** Axes of the window's elements. */
  readonly axes: readonly number[];
}

function pool(op: string, spatial: number, x: Node, size: PerAxis, options: PoolingOptions): Pool {
  if (x.shape.length !== spatial + 2)
    throw new ShapeError(
      `${op}: the input must have ${spatial + 2} axes, batch and channels first, got ${show(x.shape)}`,
    );
  const sizes = perAxis(op, "size", size, spatial, 1);
  const shape = geometry(op, x.shape.slice(2), sizes, {
    stride: options.stride ?? sizes,
    padding: options.padding ?? 0,
    dilation: options.dilation ?? 1,
  });
  shape.padding.forEach(([width], i) => {
    if (width > sizes[i]! / 2)
      throw new ArgumentError(`${op}: padding ${width} is more than half a window of ${sizes[i]}`);
  });
  return { sizes, shape, axes: sizes.map((_, i) => 2 + spatial + i) };
}

/** The largest element of each window of [n, c, …]; NaN wins, ties give their gradient to the first. */
export function maxPool(spatial: 1 | 2 | 3, x: Node, size: PerAxis, options: PoolingOptions = {}): Node {
  const op = `maxPool${spatial}d`;
  const { sizes, shape, axes } = pool(op, spatial, x, size, options);
  const lowest = isFloat(x.dtype) ? -Infinity : x.dtype === "i32" ? -(2 ** 31) : 0;
  return maxReduce(windows(op, pad(x, [[0, 0], [0, 0], ...shape.padding], lowest), sizes, shape), axes);
}

/** The mean of each window of [n, c, …]; integers average as f32. */
export function avgPool(spatial: 1 | 2 | 3, input: Node, size: PerAxis, options: PoolingOptions = {}): Node {
  const op = `avgPool${spatial}d`;
  const x = toFloat(input);
  const { sizes, shape, axes } = pool(op, spatial, x, size, options);
  const totals = (of: Node): Node => sum(windows(op, pad(of, [[0, 0], [0, 0], ...shape.padding]), sizes, shape), axes);
  const total = totals(x);
  if (options.countIncludePad !== false || shape.padding.every(([low, high]) => low + high === 0))
    return mul(total, like(total, 1 / sizes.reduce((count, n) => count * n, 1)));
  const counts = totals(fill([1, 1, ...x.shape.slice(2)], 1, x.dtype));
  return div(total, expandTo(counts, total.shape));
}
